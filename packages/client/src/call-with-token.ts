import type { Evertoken } from "./contract/evertoken.ts";
import type { AccessToken, Target, WithAccessTokenOptions } from "./contract/token.ts";

/** `withAccessToken` of both clients, made of their `getAccessToken`. The call itself is the caller's: it may take long. */
export async function callWithToken<T>(
  getAccessToken: Evertoken["getAccessToken"],
  target: Target,
  call: (token: AccessToken) => Promise<T>,
  { isUnauthorized = hasStatus401, minTtlSeconds }: WithAccessTokenOptions = {},
): Promise<T> {
  const wishes = minTtlSeconds === undefined ? {} : { minTtlSeconds };
  const token = await getAccessToken(target, wishes);
  const refused = await attempt(call, token, isUnauthorized);
  if (refused.kind === "accepted") return refused.value;
  const { connectionId, generation } = token;
  const later = await getAccessToken(connectionId, { ...wishes, refusedGeneration: generation });
  return later.accessToken === token.accessToken ? refused.passOn() : call(later);
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

/** A fetch Response, or the errors of got, axios and their like. */
function hasStatus401(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { status, statusCode, response } = value as Record<string, unknown>;
  return (
    status === 401 || statusCode === 401 || (response !== value && response !== undefined && hasStatus401(response))
  );
}
