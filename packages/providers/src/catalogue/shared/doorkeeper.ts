import type { ProviderInput } from "../../provider.ts";

/** Older Doorkeeper servers answer every error with 401: https://github.com/doorkeeper-gem/doorkeeper/issues/550 */
export const doorkeeperErrors: ProviderInput["errors"] = [
  { where: { error: "invalid_grant" }, status: [400, 401], judged: "denied" },
];

/** Doorkeeper's own text. */
export const doorkeeperSamples: NonNullable<ProviderInput["samples"]> = [
  {
    name: "refresh token spent or withdrawn, as an older server says it",
    judged: "denied",
    status: 401,
    body: {
      error: "invalid_grant",
      error_description:
        "The provided authorization grant is invalid, expired, revoked, or was issued to another client.",
    },
  },
];
