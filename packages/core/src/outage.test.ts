import { expect, test } from "vitest";
import { causeOf, type OutageFacts, outageReason } from "./outage.ts";

const idle: OutageFacts = {
  ...{ status: "token_expired", authType: "oauth2", errorCode: null },
  ...{ held: false, circuit: null, limited: false, paused: false },
};

test.each<[string, Partial<OutageFacts>, string, string]>([
  ["ended, and nothing is known to stand in the way", {}, "not_refreshed", "ours"],
  [
    "its user is waited for, whatever else there is",
    { status: "needs_reauth", circuit: "invalid_client", paused: true },
    "needs_reauth",
    "user",
  ],
  ["a key that nobody can refresh", { authType: "api_key", held: true }, "credential_ended", "user"],
  ["the provider is down", { errorCode: "provider_unavailable" }, "provider_trouble", "provider"],
  [
    "the provider is down, and the queue is paused: first it has to go on",
    { errorCode: "provider_unavailable", paused: true },
    "queue_paused",
    "ours",
  ],
  [
    "the secret is wrong, and the queue is paused",
    { circuit: "invalid_client", paused: true },
    "registration_refused",
    "ours",
  ],
  [
    "answers nobody understands",
    { circuit: "unknown_answer", errorCode: "unknown_answer" },
    "provider_trouble",
    "provider",
  ],
  ["denials in doubt", { circuit: "mass_denial" }, "denials_in_doubt", "provider"],
  ["told to wait", { limited: true, errorCode: "rate_limited" }, "provider_limit", "provider"],
  ["held above all that is ours or the provider's", { held: true, circuit: "invalid_client" }, "held", "ours"],
  ["a row older than its job", { errorCode: "older_than_its_job", status: "error" }, "older_than_its_job", "ours"],
])("%s", (_, facts, reason, cause) => {
  const found = outageReason({ ...idle, ...facts });
  expect([found, causeOf(found)]).toEqual([reason, cause]);
});
