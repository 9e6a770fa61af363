import type { Evertoken } from "./contract/evertoken.ts";
import { EvertokenError } from "./contract/evertoken-error.ts";
import type { AccessToken, AccessTokenOptions, Target } from "./contract/token.ts";
import { inPath, type Request } from "./request.ts";
import type { TokenCache } from "./token-cache.ts";
import { fromWire } from "./wire.ts";

interface WireToken extends Omit<AccessToken, "warning"> {
  readonly refreshIn: number | null;
  readonly expiresIn: number | null;
  readonly warning?: AccessToken["warning"];
}

const defaultMinTtlSeconds = 30;

/** How soon the server is asked again after it did not answer and a kept token was served. */
const postponedMs = 5000;

/** `getAccessToken`: a kept token, or what the server says; callers who want the same at the same time share one request. */
export function createReadToken(request: Request, cache: TokenCache, now: () => number): Evertoken["getAccessToken"] {
  const running = new Map<string, Promise<AccessToken>>();

  async function read(target: Target, options: AccessTokenOptions): Promise<AccessToken> {
    const { minTtlSeconds, scopes = [], refusedGeneration } = options;
    const id = pathOf(target);
    const key = [id, ...[...scopes].sort()].join(" ");
    const minTtlMs = (minTtlSeconds ?? defaultMinTtlSeconds) * 1000;
    let found = cache.find(key, minTtlMs);
    if (found !== null && found.token.generation <= (refusedGeneration ?? 0)) {
      cache.drop(found.token.connectionId, refusedGeneration);
      found = null;
    }
    if (found?.current === true) return found.token;
    try {
      return await shared([key, minTtlSeconds, refusedGeneration].join(" "), () => fetchToken(id, key, options));
    } catch (error) {
      if (found === null || !isAway(error)) throw error;
      cache.postpone(key, postponedMs);
      return found.token;
    }
  }

  async function fetchToken(id: string, key: string, options: AccessTokenOptions): Promise<AccessToken> {
    const { minTtlSeconds, scopes, refusedGeneration } = options;
    const [askedAt, mark] = [now(), cache.mark()];
    const answer = await request({
      ...{ method: "GET", path: `/v1/${id}/token`, repeatable: true, fields: ["access_token", "connection_id"] },
      query: { min_ttl: minTtlSeconds, scopes: scopes?.join(" "), refused_generation: refusedGeneration },
    });
    const { refreshIn, expiresIn, warning = null, ...rest } = fromWire<WireToken>(answer);
    const token = Object.freeze({ ...rest, warning });
    // One that was refused, or could not be refreshed, is asked for anew each time.
    if (warning === null && token.generation > (refusedGeneration ?? 0)) {
      cache.keep(key, token, { refreshInMs: inMs(refreshIn), endsInMs: inMs(expiresIn), askedAt, mark });
    }
    return token;
  }

  function shared(key: string, task: () => Promise<AccessToken>): Promise<AccessToken> {
    const started = running.get(key) ?? task().finally(() => running.delete(key));
    running.set(key, started);
    return started;
  }

  return (target, options = {}) => read(target, options);
}

const inMs = (seconds: number | null) => (seconds === null ? Number.POSITIVE_INFINITY : seconds * 1000);

const isAway = (error: unknown) =>
  error instanceof EvertokenError &&
  ["server_unavailable", "timed_out", "closing", "store_unavailable"].includes(error.code);

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Where a connection is found, below `/v1/`. @throws {EvertokenError} */
export function pathOf(target: Target): string {
  if (typeof target === "string") {
    if (uuid.test(target)) return `connections/${target.toLowerCase()}`;
    throw new EvertokenError("connection_not_found", `there is no connection ${target}`);
  }
  const { userId, provider } = target;
  return `users/${inPath(userId)}/providers/${inPath(provider)}`;
}
