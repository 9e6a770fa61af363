import { expect, test } from "vitest";
import type { Attempted } from "./attempt.ts";
import { blameOf } from "./blame.ts";
import type { Lease } from "./commit-record.ts";
import { connection, setbacks } from "./decide.fixtures.ts";

const asked = { fingerprint: "ours", client: "us" };

/** How an attempt with our secret is judged, given what the lease knows. */
function judged(outcome: keyof typeof setbacks, known: Partial<Lease>, client: string | null = "us") {
  const lease = { connection: connection({ client }), probing: false, ownFault: null, grantedWith: "ours", ...known };
  return blameOf(lease as Lease, { outcome: setbacks[outcome], rules: asked } as unknown as Attempted);
}

test.each([
  ["the same fault as before", "misconfigured", "invalid_client", "ours", true],
  ["another fault than before", "unknown", "invalid_client", "ours", false],
  ["the first fault", "misconfigured", null, "ours", false],
  ["the same, while nothing was granted yet", "misconfigured", "invalid_client", null, true],
  [
    "the same, with a secret that was changed since others were granted",
    "misconfigured",
    "invalid_client",
    "old",
    false,
  ],
] as const)("%s", (_what, outcome, ownFault, grantedWith, own) => {
  const { blame, met } = judged(outcome, { ownFault, grantedWith });
  expect(blame.own).toBe(own);
  expect(met).toMatchObject({ known: own, fingerprint: "ours" });
});

test("a denied grant of another client id is met in that one's circuit, one of ours in that of all", () => {
  expect(judged("denied", {}, "another")).toMatchObject({
    met: { code: "invalid_client", circuitOf: "another" },
    blame: { foreignClient: "another" },
  });
  expect(judged("denied", {}).met).toMatchObject({ code: "mass_denial", circuitOf: "" });
  expect(judged("denied", { grantedWith: "old" }).met).toMatchObject({ code: "invalid_client", circuitOf: "" });
  // Of one that nobody knows of no client id is another one's.
  expect(judged("denied", {}, null).blame.foreignClient).toBeNull();
});

test("what can be nobody else's fault is met by nobody", () => {
  expect(judged("transient", { ownFault: "invalid_client" })).toMatchObject({ met: null, blame: { own: false } });
});
