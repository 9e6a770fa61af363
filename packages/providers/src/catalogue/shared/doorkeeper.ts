import type { ProviderInput } from "../../provider.ts";

/** Doorkeeper's own text; older servers answer every error with 401: https://github.com/doorkeeper-gem/doorkeeper/issues/550 */
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
