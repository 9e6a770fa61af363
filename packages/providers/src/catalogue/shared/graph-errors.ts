import type { ProviderInput } from "../../provider.ts";

/** Error objects of Meta's Graph API. https://developers.facebook.com/docs/graph-api/guides/error-handling */
export const graphErrors: ProviderInput["errors"] = [
  { where: { "error.code": 190 }, status: [400, 401], judged: "denied" },
  {
    where: { "error.message": { pattern: "validating client secret|validating application" } },
    judged: "misconfigured",
  },
  { where: { "error.code": 101 }, judged: "misconfigured" },
  { where: { "error.code": [4, 341] }, judged: "throttled", throttleScope: "provider" },
  { where: { "error.code": [17, 32, 613] }, judged: "throttled", throttleScope: "connection" },
  { where: { "error.is_transient": true }, judged: "transient" },
  { where: { "error.code": 2 }, judged: "transient" },
];
