import type { ConnectionStatus, TokenState } from "./connection.ts";

/** What an access token is worth now. */
export function tokenState(expiresAt: Date | null, marginMs: number, now: Date): TokenState {
  if (expiresAt === null) return "no_expiry_set";
  const left = expiresAt.getTime() - now.getTime();
  if (left <= 0) return "expired";
  return left <= marginMs ? "expiring_soon" : "valid";
}

/** A token that ended while nobody ran has ended: what is shown goes by the clock, what is stored follows. */
export function shownStatus<S extends string>(status: S, expiresAt: Date | null, now: Date): S | ConnectionStatus {
  return status === "connected" && expiresAt !== null && expiresAt <= now ? "token_expired" : status;
}
