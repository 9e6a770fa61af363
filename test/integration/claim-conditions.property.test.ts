import type { Claim, RefreshOrder } from "@evertoken/core";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty, type Rig } from "../support/rig.ts";

// The claim is two statements: one gives the lease, one tells why not. Whatever a row and an order look like, they have to agree.

let rig: Rig;
let engine: ReturnType<typeof engineOf>["engine"];
let id: string;

beforeAll(async () => {
  rig = await createRig({ env: { ...hasty, LEASE_TAKEOVER_MS: "60000", ON_DEMAND_COOLDOWN_MS: "60000" } });
  ({ engine } = engineOf(rig.env));
  ({ id } = await rig.connect());
});

const minute = "interval '1 minute'";
const time = fc.constantFrom("NULL", `now() - ${minute} / 2`, `now() + ${minute}`, "now() + interval '1 day'");
/** In SQL, by column; `lease` is two of them. */
type State = Record<
  | "status"
  | "auth_type"
  | "lease"
  | "lease_started_at"
  | "generation"
  | "newer_generation"
  | "next_refresh_at"
  | "not_before"
  | "failing_since"
  | "last_error_code"
  | "lost_answers",
  string
>;
const states: fc.Arbitrary<State> = fc.record({
  status: fc.constantFrom("'connected'", "'error'", "'token_expired'", "'needs_reauth'", "'disconnected'"),
  auth_type: fc.constantFrom("'oauth2'", "'oauth2'", "'oauth2'", "'derived'"),
  lease: fc.constantFrom(
    "lease_owner = NULL, lease_until = NULL",
    "lease_owner = NULL, lease_until = NULL",
    `lease_owner = 'another', lease_until = now() + ${minute}`,
    `lease_owner = 'another', lease_until = now() - ${minute}`,
    `lease_owner = 'takeover:another', lease_until = now() - ${minute}`,
  ),
  lease_started_at: fc.constantFrom("NULL", "now()", `now() - ${minute} / 2`, "now() - interval '1 hour'"),
  generation: fc.constantFrom("2", "3"),
  newer_generation: fc.constantFrom("NULL", "NULL", "2", "3"),
  next_refresh_at: time,
  not_before: time,
  failing_since: time,
  last_error_code: fc.constantFrom("NULL", "'mass_denial'", "'rate_limited'", "'unknown_answer'"),
  lost_answers: fc.constantFrom("0", "1"),
});
const providers = fc.record({ throttled: time, probe: fc.constantFrom(null, "now()", `now() + ${minute}`) });
const orders = fc.record({
  trigger: fc.constantFrom<RefreshOrder["trigger"]>("scheduled", "on_demand", "manual"),
  generation: fc.constantFrom(null, 2, 3),
  onlyDue: fc.boolean(),
  force: fc.boolean(),
});

async function put({ lease, ...columns }: State, provider: { throttled: string; probe: string | null }) {
  const assignments = Object.entries(columns).map(([name, value]) => `${name} = ${value}`);
  await rig.pool.query(`UPDATE connections SET ${[...assignments, lease].join(", ")} WHERE id = $1`, [id]);
  await rig.pool.query("DELETE FROM circuits");
  await rig.pool.query("DELETE FROM provider_states");
  await rig.pool.query(
    `INSERT INTO provider_states (provider, registration, fingerprint, throttled_until) VALUES ('acme', 'default', '', ${provider.throttled})`,
  );
  if (provider.probe === null) return;
  const fingerprint = engine.registrations.fingerprints()["acme/default"];
  await rig.pool.query(
    `INSERT INTO circuits (provider, registration, fingerprint, open, code, reason, opened_at, trouble_since, next_probe_at, round_started_at)
     VALUES ('acme', 'default', $1, true, 'unknown_answer', '', now(), now(), ${provider.probe}, now())`,
    [fingerprint],
  );
}

const claimAt = (order: Omit<RefreshOrder, "connectionId">, now: Date): Promise<Claim> =>
  engine.refreshDeps.store.claim({ connectionId: id, ...order }, now);

/** These end at a time that the refusal names; an end of a lease is Postgres' own affair. */
const passing = ["throttled", "doubted", "answer_lost", "provider_throttled", "not_due", "cooling_down"];

test("what refuses a claim says so, and says until when", async () => {
  await fc.assert(
    fc.asyncProperty(states, providers, orders, async (state, provider, order) => {
      await put(state, provider);
      const claim = await claimAt(order, engine.clock.now());
      const row = await rig.row(id);
      if (claim.kind === "claimed") {
        expect(row).toMatchObject({ lease_owner: claim.lease.owner, generation: claim.lease.connection.generation });
        return;
      }
      // Nobody is told to come back every second for a lease that there is not.
      if (claim.why === "busy") expect(state.lease).not.toContain("NULL");
      if (claim.why === "circuit_open") expect(provider.probe).not.toBeNull();
      if (state.lease.includes("NULL")) expect(row.lease_owner).toBeNull();
      if (!passing.includes(claim.why) || claim.until === null) return;
      const later = await claimAt(order, new Date(claim.until.getTime() + 1));
      expect(later).not.toMatchObject({ why: claim.why });
    }),
    { numRuns: 200, examples: [[neverClaimed, { throttled: "NULL", probe: null }, onDemand]] },
  );
}, 60_000);

const neverClaimed = {
  ...{ status: "'error'", auth_type: "'oauth2'", lease: "lease_owner = NULL, lease_until = NULL" },
  ...{
    lease_started_at: "NULL",
    generation: "2",
    newer_generation: "NULL",
    next_refresh_at: "NULL",
    not_before: "NULL",
  },
  ...{ failing_since: "now()", last_error_code: "NULL", lost_answers: "0" },
};
const onDemand = { trigger: "on_demand", generation: null, onlyDue: false, force: false } as const;
