import type { SettingsReader } from "./settings-reader.ts";

/** Where Redis is, and what it takes to talk to it. */
export type RedisPlace =
  | { readonly kind: "server"; readonly url: string; readonly tls: RedisTls | null }
  | (Several & { readonly kind: "cluster" })
  | (Several & {
      readonly kind: "sentinel";
      /** What the Sentinels call the primary. */
      readonly masterName: string;
      readonly db: number;
      /** At the Sentinels; `login` is for the servers that they name. */
      readonly sentinelLogin: RedisLogin;
    });

interface Several {
  readonly hosts: readonly RedisHost[];
  readonly login: RedisLogin;
  readonly tls: RedisTls | null;
}

interface RedisHost {
  readonly host: string;
  readonly port: number;
}

interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
}

/** PEM texts, in place of what Node trusts and shows by itself. */
interface RedisTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** One server, as ioredis reads its address. */
export const redisAt = (url: string): RedisPlace => ({ kind: "server", url, tls: null });

/** Where the setting is missing or wrong. */
export const noRedis = redisAt("");

export function readRedisPlace(read: SettingsReader): RedisPlace {
  const place = read.parsed("REDIS_URL", "a URL that begins with redis://", parseRedisUrl) ?? noRedis;
  const [ca, cert, key] = [read.pem("REDIS_TLS_CA"), read.pem("REDIS_TLS_CERT"), read.pem("REDIS_TLS_KEY")];
  if ((cert === null) !== (key === null)) read.faults.push("REDIS_TLS_CERT and REDIS_TLS_KEY need each other");
  const given = { ...(ca !== null && { ca }), ...(cert !== null && { cert }), ...(key !== null && { key }) };
  if (place.tls !== null) return { ...place, tls: given };
  if (place !== noRedis && Object.keys(given).length > 0)
    read.faults.push("REDIS_TLS_... is set, but REDIS_URL does not begin with rediss, so there is no TLS");
  return place;
}

const forms = [
  "redis://host:6379",
  "redis+cluster://host:6379,host:6379",
  "redis+sentinel://host:26379,host:26379/name-of-the-primary",
].join(" or ");

const url = /^(rediss?)(?:\+(cluster|sentinel))?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const defaultPort = { cluster: 6379, sentinel: 26_379 };

/** @returns what is wrong with it in place of a place; never a part of it, which may be a password */
export function parseRedisUrl(text: string): RedisPlace | string {
  const [, scheme = "", kind, user = "", hosts = "", path = "", query = ""] = url.exec(text) ?? [];
  const tls = scheme === "rediss" ? {} : null;
  if (scheme === "") return `is not a URL like ${forms} (with rediss in place of redis for TLS)`;
  if (kind === undefined && hosts.includes(","))
    return "has several hosts: begin it with redis+cluster:// or redis+sentinel://";
  if (kind === undefined) return URL.canParse(text) ? { kind: "server", url: text, tls } : `is not a URL like ${forms}`;
  const several = readSeveral(user, hosts, defaultPort[kind as keyof typeof defaultPort]);
  if (typeof several === "string") return several;
  return kind === "cluster" ? readCluster({ ...several, tls }, path) : readSentinel({ ...several, tls }, path, query);
}

function readSeveral(user: string, hosts: string, port: number): Omit<Several, "tls"> | string {
  const colon = `${user}:`.indexOf(":");
  const read = hosts.split(",").flatMap((host) => readHost(host.trim(), port) ?? []);
  if (read.length < hosts.split(",").length) return "has a host that is not of the form host:port";
  return { hosts: read, login: login(user.slice(0, colon), user.slice(colon + 1)) };
}

function readHost(text: string, defaultPort: number): RedisHost | null {
  const { hostname, port } = URL.parse(`redis://${text}`) ?? { hostname: "", port: "" };
  if (hostname === "") return null;
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? defaultPort : Number(port) };
}

const login = (username: string, password: string): RedisLogin => ({
  ...(username !== "" && { username: decode(username) }),
  ...(password !== "" && { password: decode(password) }),
});

/** A % that encodes nothing stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readCluster(several: Several, path: string): RedisPlace | string {
  if (path !== "" && path !== "0") return "ends with a database, and a Redis Cluster has none but 0";
  return { kind: "cluster", ...several };
}

function readSentinel(several: Several, path: string, query: string): RedisPlace | string {
  const [name = "", db = "0", ...more] = path.split("/");
  if (name === "") return "lacks the name of the primary at its end: redis+sentinel://host:26379/mymaster";
  if (!/^\d+$/.test(db) || more.length > 0)
    return "may end with the name of the primary and the number of a database: /mymaster/0";
  const asked = new URLSearchParams(query);
  const [username, password] = [asked.get("sentinel_username"), asked.get("sentinel_password")];
  const sentinelLogin = { ...(username !== null && { username }), ...(password !== null && { password }) };
  return { kind: "sentinel", ...several, masterName: decode(name), db: Number(db), sentinelLogin };
}
