import type { CircuitCode, Claim, RefreshOrder } from "@evertoken/core";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty, type Rig, type Row } from "../support/rig.ts";

// Against whom a circuit stands, and who is its probe: each condition by itself.

let rig: Rig;
let engine: ReturnType<typeof engineOf>["engine"];

beforeAll(async () => {
  rig = await createRig({ env: { ...hasty, CIRCUIT_PROBE_MS: "60000" } });
  ({ engine } = engineOf(rig.env));
  const { id } = await rig.connect();
  await claim(id);
});
beforeEach(async () => {
  await rig.pool.query("DELETE FROM circuits");
  await rig.pool.query("UPDATE connections SET next_refresh_at = now() + interval '1 hour'");
});

const claim = (connectionId: string, order: Partial<RefreshOrder> = {}): Promise<Claim> =>
  engine.refreshDeps.store.claim(
    { connectionId, trigger: "scheduled", generation: null, onlyDue: false, force: false, ...order },
    engine.clock.now(),
  );

async function connectAs(assignments: string): Promise<Row> {
  const { id } = await rig.connect();
  return patch(rig, id, assignments);
}

/** Opened ten minutes ago, its probe due in a minute. */
async function openCircuit({ of = "", open = true, ...given }: Circuit = {}): Promise<void> {
  const { provider = "acme", registration = "default", probeIn = 60, code = "invalid_client" } = given;
  const fingerprint = given.fingerprint ?? engine.registrations.fingerprints()["acme/default"];
  await rig.pool.query(
    `INSERT INTO circuits (provider, registration, fingerprint, circuit_of, open, code, reason, opened_at, trouble_since, round_started_at, next_probe_at)
     SELECT $1, $2, $3, $4, $5, $7, '', at, at, at, now() + $6 * interval '1 second'
     FROM (SELECT now() - interval '10 minutes' AS at) AS past`,
    [provider, registration, fingerprint, of, open, probeIn, code],
  );
}

interface Circuit {
  readonly provider?: string;
  readonly registration?: string;
  readonly fingerprint?: string;
  readonly of?: string;
  readonly open?: boolean;
  readonly probeIn?: number;
  readonly code?: CircuitCode;
}

const mine = "client = 'mine'";
const held = { kind: "refused", why: "circuit_open" };
const free = { kind: "claimed", lease: { probing: false } };
const probe = { kind: "claimed", lease: { probing: true } };

test.each<[string, Circuit, Partial<RefreshOrder>, object]>([
  ["is open", {}, {}, held],
  ["is open for grants of its client id", { of: "mine" }, {}, held],
  ["is open for grants of another client id", { of: "theirs" }, {}, free],
  ["is open for another secret", { fingerprint: "of another secret" }, {}, free],
  ["is another provider's", { provider: "other" }, {}, free],
  ["is another registration's", { registration: "other" }, {}, free],
  ["was closed", { open: false }, {}, free],
  ["is open, forced", {}, { force: true }, probe],
  ["has its probe due", { probeIn: -1 }, {}, probe],
])("what a circuit means that %s", async (_what, circuit, order, expected) => {
  const { id } = await connectAs(mine);
  await openCircuit(circuit);
  expect(await claim(id, order)).toMatchObject(expected);
});

const asked = `${mine}, lease_started_at = now()`;
const due = "next_refresh_at = now() - interval '1 second'";

test.each<[string, string, string | null, number, object]>([
  ["it was asked, and another one is due", asked, due, -1, held],
  ["it is marked, and another one is due", `${mine}, status = 'error'`, due, -1, held],
  ["it was asked, and another one is not due", asked, "next_refresh_at = now() + interval '1 hour'", -1, probe],
  ["both were asked", asked, `${due}, lease_started_at = now()`, -1, probe],
  ["it was asked, and another one may not ask", asked, `${due}, not_before = now() + interval '1 hour'`, -1, probe],
  ["it was asked, and another one is dead", asked, `${due}, status = 'needs_reauth'`, -1, probe],
  ["it was asked, and another one does not come", asked, due, -61, probe],
  ["it was asked before the round only", `${mine}, lease_started_at = now() - interval '1 hour'`, due, -1, probe],
])("who is the probe: %s", async (_what, own, others, probeIn, expected) => {
  const { id } = await connectAs(own);
  if (others !== null) await connectAs(others);
  await openCircuit({ probeIn });
  expect(await claim(id)).toMatchObject(expected);
});

test("of many that meet a circuit whose probe is due one is its probe, and the next one is due later", async () => {
  const rows = await Promise.all(Array.from({ length: 10 }, () => connectAs(due)));
  await openCircuit({ probeIn: -1 });
  const claims = await Promise.all(rows.map(({ id }) => claim(id)));
  expect(claims.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
  const { rows: circuits } = await rig.pool.query("SELECT next_probe_at FROM circuits");
  expect(circuits[0].next_probe_at.getTime()).toBeGreaterThan(Date.now() + 30_000);
});

test("against whom two circuits stand, both have to be due for a probe", async () => {
  const { id } = await connectAs(mine);
  await openCircuit({ probeIn: -1 });
  await openCircuit({ of: "mine" });
  expect(await claim(id)).toMatchObject(held);
});

test.each([30, 90])("of two circuits that of all grants is named, whichever is probed sooner", async (probeIn) => {
  const { id } = await connectAs(mine);
  await openCircuit({ code: "mass_denial" });
  await openCircuit({ of: "mine", probeIn });
  expect(await claim(id)).toMatchObject({ ...held, circuit: "mass_denial" });
});

const minutesAgo = (minutes: number) => `now() - interval '${minutes} minutes'`;

test.each<
  [string, Partial<Record<"fingerprint" | "circuit_of" | "code" | "registration" | "at", string>>, boolean, number]
>([
  ["the same a moment ago", {}, false, 1],
  ["the same, before the circuit was closed", { at: minutesAgo(3) }, false, 0],
  ["the same, long ago", { at: minutesAgo(11) }, false, 0],
  ["another one", { code: "invalid_client" }, false, 0],
  ["the same with another secret", { fingerprint: "of another secret" }, false, 0],
  ["the same with another registration", { registration: "other" }, false, 0],
  ["the same for another client id", { circuit_of: "theirs" }, false, 0],
  ["the same once more", {}, true, 0],
])("whose fault counts beside one's own: who has met %s", async (_what, given, known, others) => {
  const [{ id }, { id: other }] = [await connectAs(mine), await connectAs(mine)];
  await openCircuit({ open: false, fingerprint: "ours" });
  await rig.pool.query(`UPDATE circuits SET closed_at = ${minutesAgo(2)}`);
  await rig.pool.query("DELETE FROM faults");
  const {
    registration = "default",
    fingerprint = "ours",
    circuit_of = "",
    code = "unknown_answer",
    at = "now()",
  } = given;
  await rig.pool.query(
    `INSERT INTO faults (provider, registration, fingerprint, circuit_of, connection_id, code, known, at)
     VALUES ('acme', $1, $2, $3, $4, $5, $6, ${at})`,
    [registration, fingerprint, circuit_of, other, code, known],
  );
  const claimed = await claim(id);
  if (claimed.kind !== "claimed") throw new Error(claimed.why);
  const { connection } = claimed.lease;
  const met = { connection, fingerprint: "ours", circuitOf: "", code: "unknown_answer" } as const;
  expect(await engine.refreshDeps.store.meetFault({ ...met, known: false })).toMatchObject({ others });
  // To one that has met it before, those that have count as well.
  if (known) expect(await engine.refreshDeps.store.meetFault({ ...met, known: true })).toMatchObject({ others: 1 });
});
