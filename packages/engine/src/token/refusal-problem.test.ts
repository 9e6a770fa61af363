import type { TokenRow } from "@evertoken/adapters";
import type { CircuitCode } from "@evertoken/core";
import { expect, test } from "vitest";
import { type Refused, refusalProblem } from "./refusal-problem.ts";

const told = (why: Refused["why"], circuit: CircuitCode | null, lastErrorCode: string | null) =>
  refusalProblem({ kind: "refused", why, until: null, generation: 1, nextRefreshAt: null, circuit }, {
    auth_type: "oauth2",
    status: "connected",
    last_error_code: lastErrorCode,
  } as TokenRow).code;

const waits = ["busy", "moved", "not_due", "cooling_down", "circuit_open"] as const;

test.each(waits)("%s hides neither an open circuit nor what the last attempt met", (why) => {
  for (const circuit of ["mass_denial", "invalid_client", "unknown_answer"] as const) {
    expect(told(why, circuit, null)).toBe(circuit);
    expect(told(why, circuit, "provider_unavailable")).toBe(circuit);
  }
  for (const code of ["mass_denial", "rate_limited", "answer_lost", "unknown_answer", "invalid_client"]) {
    expect(told(why, null, code)).toBe(code);
  }
});

test.each(["throttled", "provider_throttled"] as const)("%s is told, unless more than time has to pass", (why) => {
  expect(told(why, null, "rate_limited")).toBe("rate_limited");
  expect(told(why, null, "provider_unavailable")).toBe("rate_limited");
  expect(told(why, "invalid_client", "rate_limited")).toBe("invalid_client");
});

test("what only concerns this connection is told whatever circuit is open", () => {
  expect(told("answer_lost", "mass_denial", "answer_lost")).toBe("answer_lost");
  expect(told("needs_reauth", "mass_denial", "refresh_token_expired")).toBe("refresh_token_expired");
  expect(told("doubted", "invalid_client", "mass_denial")).toBe("mass_denial");
});

test("with nothing behind it a wait is told as such", () => {
  expect(told("busy", null, null)).toBe("timed_out");
  expect(told("cooling_down", null, null)).toBe("provider_unavailable");
});
