import type { TokenRow } from "@evertoken/adapters";
import type { CircuitCode, RefreshResult } from "@evertoken/core";
import type { EvertokenErrorCode } from "../evertoken-error.ts";
import { reauthCode } from "./reauth-code.ts";

export type Refused = Extract<RefreshResult, { kind: "refused" }>;

/** What an app is told. `code` is stable; the message holds no token. */
export interface Reason {
  readonly code: EvertokenErrorCode;
  readonly message: string;
}

/** Why there is no fresh token, when the claim was refused: of several reasons that stand, the one that tells most. */
export function refusalProblem(refused: Refused, row: TokenRow): Reason {
  const { why } = refused;
  switch (why) {
    case "not_found":
      return { code: "connection_not_found", message: "the connection is gone" };
    case "disconnected":
      return { code: "disconnected", message: "the user disconnected this account" };
    case "not_refreshable":
      return { code: "not_refreshable", message: `a ${row.auth_type} is not refreshed` };
    case "needs_reauth":
      return { code: reauthCode(row), message: "the user has to reconnect this account" };
    case "answer_lost": {
      const message = "the answer to the last refresh was lost, and asking again at once may end the grant";
      return { code: "answer_lost", message };
    }
    case "doubted":
      return { code: "mass_denial", message: "it was denied among many others, and is asked for again soon" };
    case "held":
      return {
        code: "held",
        message: "nothing is spent until it is clear which database is true: see `evertoken adopt`",
      };
    case "older_than_its_job":
      return { code: why, message: "the stored tokens are older than they should be; the operator was told" };
    case "throttled":
    case "provider_throttled":
      return standing(refused, null) ?? { code: "rate_limited", message: "the provider asked us to wait" };
    case "busy":
      return standing(refused, row) ?? { code: "timed_out", message: "another process holds the refresh" };
    case "circuit_open":
    case "cooling_down":
    case "moved":
    case "not_due":
      return standing(refused, row) ?? { code: "provider_unavailable", message: failed };
    default:
      return why satisfies never;
  }
}

/**
 * A wait says only that it is not the moment. Behind it stands why: an open circuit, whether or not its probe is due, on its way, or has
 * just failed; else what the last attempt met.
 */
function standing({ circuit }: Refused, row: TokenRow | null): Reason | null {
  if (circuit !== null) return { code: circuit, message: circuitMessages[circuit] };
  const code = row?.last_error_code ?? null;
  return code === null ? null : { code: code as EvertokenErrorCode, message: failed };
}

const failed = "the last refresh failed a moment ago";

const circuitMessages: Record<CircuitCode, string> = {
  invalid_client: "our client registration at the provider is refused; the operator was told",
  unknown_answer: "the provider answers in a way that nobody has described; the operator was told",
  mass_denial: "the provider denies more grants at once than can be believed; the operator was told",
};
