import { isSameSecret, type Limits, networkOf } from "@evertoken/adapters";
import { readPasted } from "@evertoken/core";
import type { Engine } from "@evertoken/engine/internal";
import { type ApiScope, findApiKey, hashApiKey, type KeyRights, noLimits } from "@evertoken/operations";
import type { FastifyRequest } from "fastify";
import { Problem, refuseOver } from "./problem.ts";

/** Who asks: the id of a key, or `bootstrap` for the one of EVERTOKEN_API_KEY. */
export interface Caller {
  readonly id: string;
  readonly rights: KeyRights;
}

/** A revoked key is known to all replicas after so long; in between a busy key costs no query. */
const rememberMs = 1000;
const rememberMost = 10_000;

const implied: Readonly<Record<ApiScope, readonly string[]>> = {
  "tokens:read": ["tokens:read", "admin"],
  "connections:read": ["connections:read", "connections:write", "admin"],
  "connections:write": ["connections:write", "admin"],
  admin: ["admin"],
};

export interface Authenticate {
  (request: FastifyRequest, scope: ApiScope): Promise<Caller>;
  /** A key was revoked here: look again at once. */
  forget(): void;
}

/**
 * Bearer keys (RFC 6750). Requests are limited per key, wrong keys per address and much more strictly: an address over that limit is not
 * even looked up, except for a key that has worked from there before, so that one bad client does not lock out its neighbours.
 */
export function createAuthenticate(engine: Engine, limits: Limits): Authenticate {
  const { key, requestsPerMinute, failedKeysPerMinute } = engine.config.api;
  const perKey = limits({ name: "key-requests", most: requestsPerMinute, perSeconds: 60 });
  const wrongKeys = limits({ name: "wrong-keys", most: failedKeysPerMinute, perSeconds: 60 });
  const find = remembering((presented) => lookUp(engine, key, presented));
  const worked = new Set<string>();

  const authenticate = async (request: FastifyRequest, scope: ApiScope): Promise<Caller> => {
    const presented = bearerOf(request);
    const address = networkOf(request.ip);
    const place = `${address} ${hashApiKey(presented)}`;
    if (!worked.has(place)) refuseOver(await wrongKeys.look(address), "too many wrong keys");
    const caller = await find(presented);
    if (caller === null) {
      worked.delete(place);
      await wrongKeys.take(address);
      throw new Problem("wrong_key", {}, challenge("invalid_token"));
    }
    if (worked.size >= rememberMost) worked.clear();
    worked.add(place);
    request.caller = caller;
    refuseOver(await perKey.take(caller.id), "too many requests with this key");
    refuseRights(request, scope, caller.rights);
    return caller;
  };
  return Object.assign(authenticate, { forget: find.forget });
}

function refuseRights({ method }: FastifyRequest, scope: ApiScope, { scopes, readOnly, endsAt }: KeyRights): void {
  if (endsAt !== null && endsAt.getTime() <= Date.now()) {
    throw new Problem("wrong_key", { detail: `it ended at ${endsAt.toISOString()}` }, challenge("invalid_token"));
  }
  const detail = !implied[scope].some((one) => scopes.includes(one as ApiScope))
    ? `it needs ${scope}`
    : readOnly && method !== "GET" && method !== "HEAD"
      ? "it was made for reading only"
      : null;
  if (detail !== null) throw new Problem("insufficient_key_scope", { detail }, challenge("insufficient_scope"));
}

function bearerOf({ headers }: FastifyRequest): string {
  const [, presented] = /^Bearer +((?:Bearer +)?[\x21-\x7e]{1,512})$/i.exec(headers.authorization ?? "") ?? [];
  const read = presented === undefined ? null : readPasted(presented);
  if (read !== null && "value" in read) return read.value;
  throw new Problem("no_key", { detail: "send Authorization: Bearer <key>" }, challenge());
}

function challenge(error?: string): Record<string, string> {
  return { "www-authenticate": `Bearer realm="evertoken"${error === undefined ? "" : `, error="${error}"`}` };
}

const unsealed =
  "an API key is refused: its row was written past Evertoken, or by the version before. Is it yours: evertoken keys adopt";

async function lookUp(engine: Engine, bootstrap: string | null, presented: string): Promise<Caller | null> {
  if (bootstrap !== null && sameKey(bootstrap, presented)) {
    return { id: "bootstrap", rights: { ...noLimits, scopes: ["admin"] } };
  }
  const found = await findApiKey(engine, presented);
  if (found.kind === "good") return found;
  if (found.kind === "unsealed") engine.logger.error({ key: found.id }, unsealed);
  return null;
}

/** Hashes are compared, so that neither length nor content shows in the time that it takes. */
function sameKey(a: string, b: string): boolean {
  return isSameSecret(hashApiKey(a), hashApiKey(b));
}

/** Answers are shared for a moment, and by all who ask meanwhile. Failures and unknown keys are not remembered. */
function remembering(find: (presented: string) => Promise<Caller | null>) {
  const known = new Map<string, { at: number; answer: Promise<Caller | null> }>();
  const ask = (presented: string): Promise<Caller | null> => {
    const id = hashApiKey(presented);
    const found = known.get(id);
    if (found !== undefined && Date.now() - found.at < rememberMs) return found.answer;
    const answer = find(presented);
    if (known.size >= rememberMost) known.clear();
    known.set(id, { at: Date.now(), answer });
    const drop = () => known.get(id)?.answer === answer && known.delete(id);
    answer.then((caller) => caller === null && drop(), drop);
    return answer;
  };
  return Object.assign(ask, { forget: () => known.clear() });
}
