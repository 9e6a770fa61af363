import { tokenById } from "@evertoken/adapters";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";
import { type AccessToken, getAccessToken, isNew, settle, type Target } from "./access-token.ts";
import { type FreshToken, notFound } from "./fresh-token.ts";

export interface WithAccessTokenOptions {
  readonly minTtlSeconds?: number;
  /** Tells whether a result or an error of `call` means that the API refused the token. Default: a status of 401. */
  readonly isUnauthorized?: (resultOrError: unknown) => boolean;
}

/**
 * Calls an API with a fresh token. On a 401 the token that this call has seen is refreshed once, and the API is called again: of 100
 * callers with the same stale token one refreshes, the others use what it got.
 *
 * A token that came a moment ago is not refreshed again: then the API refuses for another reason, and its answer is passed on.
 */
export async function withAccessToken<T>(
  engine: Engine,
  fresh: FreshToken,
  target: Target,
  call: (token: AccessToken) => Promise<T>,
  { isUnauthorized = hasStatus401, minTtlSeconds }: WithAccessTokenOptions = {},
): Promise<T> {
  // The call itself is the caller's: it may take long, and spends nothing of ours.
  const wishes = minTtlSeconds === undefined ? {} : { minTtlSeconds };
  const token = await engine.work.run(() => getAccessToken(engine, fresh, target, wishes));
  const refused = await attempt(call, token, isUnauthorized);
  if (refused.kind === "accepted") return refused.value;
  const replaced = await engine.work.run(() => replace(engine, fresh, token));
  return replaced === null ? refused.passOn() : call(replaced);
}

type Attempt<T> = { kind: "accepted"; value: T } | { kind: "refused"; passOn: () => T };

async function attempt<T>(
  call: (token: AccessToken) => Promise<T>,
  token: AccessToken,
  isUnauthorized: (resultOrError: unknown) => boolean,
): Promise<Attempt<T>> {
  try {
    const value = await call(token);
    return isUnauthorized(value) ? { kind: "refused", passOn: () => value } : { kind: "accepted", value };
  } catch (error) {
    if (!isUnauthorized(error)) throw error;
    return {
      kind: "refused",
      passOn: () => {
        throw error;
      },
    };
  }
}

/** A token of a later generation than the refused one; null when there is none to be had. */
async function replace(engine: Engine, fresh: FreshToken, seen: AccessToken): Promise<AccessToken | null> {
  const { connectionId, generation } = seen;
  const row = await withStore(() => tokenById(engine.pool, connectionId));
  if (row === null) throw notFound(connectionId);
  if (row.generation === generation) {
    if (isNew(engine, row) || row.auth_type !== "oauth2") return null;
  }
  const token = settle(engine, await fresh.replace({ connectionId, generation, trigger: "on_demand", force: false }));
  return token.warning === null ? token : null;
}

/** A fetch Response, or the errors of got, axios and their like. */
function hasStatus401(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { status, statusCode, response } = value as Record<string, unknown>;
  return (
    status === 401 || statusCode === 401 || (response !== value && response !== undefined && hasStatus401(response))
  );
}
