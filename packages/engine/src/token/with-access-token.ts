import { type AccessToken, callWithToken, type Target, type WithAccessTokenOptions } from "@evertoken/client";
import type { Engine } from "../engine.ts";
import { getAccessToken } from "./access-token.ts";
import type { FreshToken } from "./fresh-token.ts";

/** The reads count as running work; the call itself is the caller's: it may take long, and spends nothing of ours. */
export function withAccessToken<T>(
  engine: Engine,
  fresh: FreshToken,
  target: Target,
  call: (token: AccessToken) => Promise<T>,
  options?: WithAccessTokenOptions,
): Promise<T> {
  return callWithToken(
    engine.work.watch((of, wishes) => getAccessToken(engine, fresh, of, wishes)),
    target,
    call,
    options,
  );
}
