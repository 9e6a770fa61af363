import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Claim, GrantRecord, RefreshOrder } from "@evertoken/core";
import { beforeAll, expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty, type Rig, type Row } from "../support/rig.ts";

// Each condition of the claim by itself: what stands against it, and what does not.

let rig: Rig;
let engine: ReturnType<typeof engineOf>["engine"];

beforeAll(async () => {
  rig = await createRig({ env: { ...hasty, LEASE_TAKEOVER_MS: "60000", ON_DEMAND_COOLDOWN_MS: "60000" } });
  ({ engine } = engineOf(rig.env));
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

const ranOut = "lease_until = now() - interval '1 second', lease_started_at = now() - interval '1 minute'";
const ahead = "now() + interval '1 minute'";
const failing = "failing_since = now(), lease_started_at = now() - interval '1 second'";
const probed = "status = 'needs_reauth', last_error_code = 'unknown_answer'";

test.each<[string, string, Partial<RefreshOrder>, string | null]>([
  ["nothing", "user_id = 'somebody'", {}, null],
  ["a lease", `lease_owner = 'another', lease_until = ${ahead}`, {}, "busy"],
  ["a lease, forced", `lease_owner = 'another', lease_until = ${ahead}`, { force: true }, "busy"],
  ["another generation", "generation = 3", { generation: 2 }, "moved"],
  ["another generation, forced", "generation = 3", { generation: 2, force: true }, "moved"],
  ["its own generation", "generation = 3", { generation: 3 }, null],
  ["a job that is ahead of it", "generation = 3", { generation: 4, force: true }, "older_than_its_job"],
  ["proof that it is old", "newer_generation = 2", { force: true }, "older_than_its_job"],
  ["proof that has come true", "newer_generation = 1", {}, null],
  ["its time", `next_refresh_at = ${ahead}`, { onlyDue: true }, "not_due"],
  ["its time, forced", `next_refresh_at = ${ahead}`, { onlyDue: true, force: true }, "not_due"],
  ["its time, for who does not mind", `next_refresh_at = ${ahead}`, {}, null],
  ["a time that has come", "next_refresh_at = now()", { onlyDue: true }, null],
  ["a wait", `not_before = ${ahead}`, {}, "throttled"],
  ["a wait that is over", "not_before = now() - interval '1 second'", {}, null],
  ["a wait, forced", `not_before = ${ahead}`, { force: true }, null],
  ["a lost answer", `not_before = ${ahead}, lost_answers = 1`, { trigger: "on_demand" }, "answer_lost"],
  ["a dead grant", "status = 'needs_reauth'", {}, "needs_reauth"],
  ["a dead grant, forced", "status = 'needs_reauth'", { force: true }, null],
  ["one that is still probed", `${probed}, next_refresh_at = now()`, { onlyDue: true }, null],
  ["one that is still probed, later", `${probed}, next_refresh_at = ${ahead}`, { onlyDue: true }, "not_due"],
  ["one that is still probed, by others", `${probed}, next_refresh_at = now()`, {}, "needs_reauth"],
  ["a disconnect", "status = 'disconnected'", { force: true }, "disconnected"],
  ["what is not refreshed", "auth_type = 'derived'", { force: true }, "not_refreshable"],
  ["a failure a moment ago", failing, { trigger: "on_demand" }, "cooling_down"],
  ["a failure a moment ago, for its job", failing, {}, null],
  ["a failure that nobody was asked for", "failing_since = now()", { trigger: "on_demand" }, null],
  ["a lease that ran out", `lease_owner = 'dead', ${ranOut}`, {}, "busy"],
  ["a lease that ran out, announced", `lease_owner = 'takeover:dead', ${ranOut}`, {}, null],
])("against a claim stands %s: it is judged as such", async (_what, assignments, order, why) => {
  const { id } = await connectAs(assignments);
  const claimed = await claim(id, order);
  expect(claimed).toMatchObject(why === null ? { kind: "claimed" } : { kind: "refused", why });
  const { lease_owner: owner } = await rig.row(id);
  if (why !== null && !assignments.includes("lease_owner")) expect(owner).toBeNull();
});

test("of many that claim the same at once one gets it, as well when a lease has run out", async () => {
  for (const assignments of ["lease_owner = NULL", `lease_owner = 'takeover:dead', ${ranOut}`]) {
    const { id } = await connectAs(assignments);
    const claims = await Promise.all(Array.from({ length: 20 }, () => claim(id)));
    expect(claims.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
  }
});

test("a lease that ran out is announced once, and left alone from then on", async () => {
  const { id } = await connectAs(`lease_owner = 'dead', ${ranOut}`);
  await Promise.all(Array.from({ length: 20 }, () => claim(id)));
  const { lease_owner: owner, lease_until: until } = await rig.row(id);
  expect(owner).toBe("takeover:dead");
  expect(until.getTime()).toBeGreaterThan(Date.now() + 30_000);
});

test("what a dead holder has kept in the spool is committed by who takes its lease over, and nothing is asked", async () => {
  const row = await connectAs(`lease_owner = 'takeover:dead', ${ranOut}`);
  const { id, user_id: userId } = row;
  const [at, expiresAt] = [new Date(), new Date(Date.now() + 3_600_000)];
  const accessToken = engine.keyring.seal("granted to the dead", row, "access_token");
  const tokens = { accessToken, refreshToken: null, tokenType: null, scopes: null, metadata: {} };
  const ends = { expiresAt, refreshTokenExpiresAt: null, grantEndsAt: null, nextRefreshAt: expiresAt };
  const kept: GrantRecord = {
    ...{ connectionId: id, userId, provider: "acme", registration: "default", fingerprint: "", client: "" },
    ...{ generation: 1, leaseOwner: "dead" },
    transition: { kind: "store", tokens, ...ends, message: null, provider: null, events: [] },
    log: {
      ...{ trigger: "scheduled", outcome: "granted", errorCode: null, message: null, httpStatus: 200, durationMs: 1 },
      ...{ oldExpiresAt: null, dueAt: null, at },
    },
  };
  await engine.spool.keep(kept);
  const order = { connectionId: id, trigger: "scheduled", generation: 1, onlyDue: false, force: false } as const;
  expect(await engine.runRefresh(order)).toMatchObject({ kind: "settled", committed: "committed" });
  expect(await rig.row(id)).toMatchObject({ generation: 2, access_token: accessToken, lease_owner: null });
  expect(await engine.spool.all()).toEqual([]);
  expect(await rig.server.summary()).toMatchObject({ requests: 0 });
});

test("as long as what a dead holder has kept cannot be read, nothing is spent", async () => {
  const { id } = await connectAs(`lease_owner = 'takeover:dead', ${ranOut}`);
  await writeFile(join(rig.env.SPOOL_DIR as string, `${id}-1.json`), '{"v":3,"of":"a newer version"}');
  const order = { connectionId: id, trigger: "scheduled", generation: 1, onlyDue: false, force: true } as const;
  await expect(engine.runRefresh(order)).rejects.toMatchObject({ code: "queue_unavailable" });
  expect(await rig.row(id)).toMatchObject({ generation: 1, lost_answers: 0 });
  expect(await rig.server.summary()).toMatchObject({ requests: 0 });
});

const closed = "now() - interval '10 minutes'";

/** A fault of a connection, and the circuit that it has met. */
test.each<
  [string, { fault?: string; closedAt?: string; fingerprint?: string; refreshed?: string; own: string | null }]
>([
  ["it met the fault before others were granted", { own: "unknown_answer" }],
  ["it met the fault since", { fault: "now()", own: null }],
  ["that is long ago", { fault: "now() - interval '5 hours'", closedAt: "now() - interval '4 hours'", own: null }],
  ["it was granted since", { refreshed: "now()", own: null }],
  ["it was granted before only", { refreshed: "now() - interval '1 day'", own: "unknown_answer" }],
  ["another secret met it", { fingerprint: "of another secret", own: null }],
])("whether a fault is a connection's own: %s", async (_what, { own, fingerprint, refreshed, ...times }) => {
  const { id } = await connectAs(`registration = 'default', last_refresh_at = ${refreshed ?? "NULL"}`);
  const ours = engine.registrations.fingerprints()["acme/default"];
  const values = ["acme", "default", fingerprint ?? ours, id];
  await rig.pool.query("DELETE FROM circuits");
  await rig.pool.query(
    `INSERT INTO circuits (provider, registration, fingerprint, open, code, reason, opened_at, trouble_since, next_probe_at, round_started_at, closed_at)
     SELECT $1, $2, $3, false, 'unknown_answer', '', at, at, at, at, at FROM (SELECT ${times.closedAt ?? closed} AS at) AS past`,
    values.slice(0, 3),
  );
  await rig.pool.query(
    `INSERT INTO faults (provider, registration, fingerprint, circuit_of, connection_id, code, known, at)
     VALUES ($1, $2, $3, '', $4, 'unknown_answer', false, ${times.fault ?? "now() - interval '20 minutes'"})`,
    values,
  );
  expect(await claim(id)).toMatchObject({ kind: "claimed", lease: { ownFault: own } });
});
