/** Why Redis does not do what it was asked; each has its own remedy. */
export type RedisTrouble =
  | "replica"
  | "loading"
  | "cluster"
  | "credentials"
  | "permission"
  | "memory"
  | "disk"
  | "tls"
  | "away";

/** The codes of the server's errors. Those of a script may stand in the middle: older servers wrap them. */
const signs: readonly (readonly [RegExp, RedisTrouble])[] = [
  [/\b(READONLY|MASTERDOWN|UNBLOCKED)\b/, "replica"],
  [/\bLOADING\b/, "loading"],
  [/\b(MOVED|ASK|CLUSTERDOWN|CROSSSLOT|TRYAGAIN)\b/, "cluster"],
  [/\b(NOAUTH|WRONGPASS)\b|invalid password|invalid username-password/i, "credentials"],
  [/\bNOPERM\b/, "permission"],
  [/\bOOM\b/, "memory"],
  [/\bMISCONF\b/, "disk"],
  [/ERR_SSL|ERR_TLS|CERT|UNABLE_TO_VERIFY|certificate/, "tls"],
];

export function redisTrouble(error: unknown): RedisTrouble {
  const { message = "", code = "" } = error as { message?: string; code?: string };
  const text = `${code} ${message}`;
  return signs.find(([sign]) => sign.test(text))?.[1] ?? "away";
}

/** What the server says when another one has taken its place, or it is about to be one that can be asked: nothing was done. */
export function isReplaced(error: unknown): boolean {
  return /\b(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|UNBLOCKED)\b/.test((error as { message?: string }).message ?? "");
}

export const redisAdvice: Readonly<Record<RedisTrouble, { readonly is: string; readonly advice: string }>> = {
  replica: {
    is: "is a replica, and takes no writes",
    advice: "let REDIS_URL lead to the primary, by a name that follows it in a failover",
  },
  loading: { is: "is still loading its data", advice: "wait until it has" },
  cluster: {
    is: "is a node of a Redis Cluster",
    advice: "let REDIS_URL lead to a Redis without cluster mode: a primary, with replicas if you like",
  },
  credentials: {
    is: "refuses the user or the password",
    advice: "check both in REDIS_URL",
  },
  permission: {
    is: "does not let this user do what is needed",
    advice: "give it ~{<REDIS_PREFIX>* &* +@all -@dangerous +info +config|get",
  },
  memory: { is: "is out of memory, and takes no writes", advice: "give it more (maxmemory), with noeviction" },
  disk: { is: "cannot write to its disk, and takes no writes", advice: "look at the server's log and its disk" },
  tls: {
    is: "cannot be talked to over TLS as REDIS_URL says",
    advice: "rediss:// is for servers that speak TLS with a valid certificate, redis:// for all others",
  },
  away: { is: "does not answer", advice: "check REDIS_URL and the server" },
};
