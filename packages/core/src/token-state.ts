import type { TokenState } from "./connection.ts";

/** What an access token is worth now. */
export function tokenState(expiresAt: Date | null, marginMs: number, now: Date): TokenState {
  if (expiresAt === null) return "no_expiry_set";
  const left = expiresAt.getTime() - now.getTime();
  if (left <= 0) return "expired";
  return left <= marginMs ? "expiring_soon" : "valid";
}
