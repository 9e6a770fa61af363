/** Why Redis does not do what it was asked; each has its own remedy. */
export type RedisTrouble =
  | "replica"
  | "loading"
  | "cluster"
  | "sentinel"
  | "single"
  | "slots"
  | "master"
  | "sentinels"
  | "credentials"
  | "permission"
  | "memory"
  | "disk"
  | "tls"
  | "away";

/**
 * The codes of the server's errors. Those of a script may stand in the middle: older servers wrap them. So may those of a single node of
 * several, or of a Sentinel: the first that says more than that nobody answers counts.
 */
const signs: readonly (readonly [RegExp, RedisTrouble])[] = [
  [/No such master with that name/, "master"],
  [/cluster support disabled/, "single"],
  [/lacks a master|Too many Cluster redirections/, "slots"],
  [/\b(READONLY|MASTERDOWN|UNBLOCKED)\b/, "replica"],
  [/\bLOADING\b/, "loading"],
  [/\b(MOVED|ASK|CLUSTERDOWN|CROSSSLOT|TRYAGAIN)\b/, "cluster"],
  [/\b(NOAUTH|WRONGPASS)\b|invalid password|invalid username-password/i, "credentials"],
  [/\bNOPERM\b/, "permission"],
  [/\bOOM\b/, "memory"],
  [/\bMISCONF\b/, "disk"],
  [/ERR_SSL|ERR_TLS|CERT|UNABLE_TO_VERIFY|certificate/, "tls"],
  [/sentinels are unreachable/, "sentinels"],
];

export function redisTrouble(error: unknown): RedisTrouble {
  const { lastNodeError } = error as { lastNodeError?: unknown };
  const text = [error, lastNodeError].map((said) => wordsOf(said ?? {})).join(" ");
  return signs.find(([sign]) => sign.test(text))?.[1] ?? "away";
}

/** What CLUSTERDOWN means to who knows that it talks to a cluster. */
export const lacksMaster = (): Error => new Error("the cluster lacks a master");

const wordsOf = ({ message = "", code = "" }: { message?: string; code?: string }) => `${code} ${message}`;

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
    advice: "begin REDIS_URL with redis+cluster:// (rediss+cluster:// for TLS)",
  },
  sentinel: {
    is: "is a Sentinel, which holds no data",
    advice: "write REDIS_URL as redis+sentinel://host:26379,host:26379/<name of the primary>",
  },
  single: {
    is: "is no Redis Cluster",
    advice: "begin REDIS_URL with redis:// (rediss:// for TLS) in place of redis+cluster://",
  },
  slots: {
    is: "is a Redis Cluster without a master for some of the keys",
    advice: "its replicas take over within seconds; if they do not: redis-cli --cluster check",
  },
  master: {
    is: "is not known to the Sentinels by the name at the end of REDIS_URL",
    advice: "end it with the name that `sentinel monitor <name> ...` gives the primary",
  },
  sentinels: {
    is: "cannot be found: no Sentinel answers at the hosts of REDIS_URL",
    advice: "check them and their ports (mostly 26379), and sentinel_username and sentinel_password in REDIS_URL",
  },
  credentials: {
    is: "refuses the user or the password",
    advice: "check both in REDIS_URL (Sentinels have their own: ?sentinel_username=...&sentinel_password=...)",
  },
  permission: {
    is: "does not let this user do what is needed",
    advice: "give it ~{<REDIS_PREFIX>* &* +@all -@dangerous +info +config|get",
  },
  memory: { is: "is out of memory, and takes no writes", advice: "give it more (maxmemory), with noeviction" },
  disk: { is: "cannot write to its disk, and takes no writes", advice: "look at the server's log and its disk" },
  tls: {
    is: "cannot be talked to over TLS as REDIS_URL says",
    advice:
      "rediss:// is for servers that speak TLS with a valid certificate (one of your own CA: REDIS_TLS_CA), redis:// for all others",
  },
  away: { is: "does not answer", advice: "check REDIS_URL and the server" },
};

/** What was said last against us, and when. */
export interface Said {
  readonly error: Error;
  readonly at: number;
}
