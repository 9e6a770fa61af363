import type { ProviderInput } from "../../provider.ts";

/** Error objects of Meta's Graph API. https://developers.facebook.com/docs/graph-api/guides/error-handling */
export const graphErrors: ProviderInput["errors"] = [
  // Before 190: an app that was deleted is told with that code too, and then no consent would help.
  {
    where: { "error.message": { pattern: "validating client secret|validating application" } },
    judged: "misconfigured",
  },
  // The same in other languages than English.
  { where: { "error.code": 1, "error.error_subcode": 33 }, judged: "misconfigured" },
  { where: { "error.code": 101 }, judged: "misconfigured" },
  { where: { "error.code": [4, 341] }, judged: "throttled", throttleScope: "provider" },
  // 368: blocked for a while for breaking a policy, "wait and retry".
  { where: { "error.code": [17, 32, 368, 613] }, judged: "throttled", throttleScope: "connection" },
  { where: { "error.is_transient": true }, judged: "transient" },
  { where: { "error.code": [1, 2] }, judged: "transient" },
  // 102: the session of older calls, with the subcodes of 190.
  { where: { "error.code": [102, 190] }, status: [400, 401, 403], judged: "denied" },
];
