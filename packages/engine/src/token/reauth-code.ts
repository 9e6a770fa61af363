import type { TokenRow } from "@evertoken/adapters";

const reauthCodes = [
  "no_refresh_token",
  "provider_unavailable",
  "unknown_answer",
  "insufficient_scope",
  "refresh_token_expired",
] as const;

/** Why the user has to give consent again. */
export function reauthCode({ last_error_code }: TokenRow): (typeof reauthCodes)[number] {
  return reauthCodes.find((code) => code === last_error_code) ?? "refresh_token_expired";
}
