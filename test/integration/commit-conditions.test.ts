import { claimAgain, disarm, giveWay, storeHashes } from "@evertoken/adapters";
import type { CommitRecord, Connection } from "@evertoken/core";
import { beforeAll, expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty, type Rig, type Row, until } from "../support/rig.ts";

// Each condition of a commit by itself, and of what is written to rows that others may hold.

let rig: Rig;
let engine: ReturnType<typeof engineOf>["engine"];

beforeAll(async () => {
  rig = await createRig({ env: hasty });
  ({ engine } = engineOf(rig.env));
});

async function connectAs(assignments: string): Promise<Row> {
  const { id } = await rig.connect();
  return patch(rig, id, assignments);
}

/** Of an attempt with the second token set, by the holder "us". */
function recordOf({ id, user_id: userId }: Row, transition: CommitRecord["transition"]): CommitRecord {
  return {
    ...{ connectionId: id, userId, provider: "acme", registration: "default", fingerprint: "", client: "" },
    ...{ generation: 2, leaseOwner: "us", transition },
    log: {
      ...{ trigger: "scheduled", outcome: transition.kind === "store" ? "granted" : "transient", errorCode: null },
      ...{ message: null, httpStatus: 200, durationMs: 1, oldExpiresAt: null, dueAt: null, at: new Date() },
    },
  } as CommitRecord;
}

function grantOf(row: Row, grantHash: string | null = null): CommitRecord {
  const seal = (column: "access_token" | "refresh_token") => engine.keyring.seal("granted", row, column);
  const refreshToken = grantHash === null ? null : seal("refresh_token");
  const expiresAt = new Date(Date.now() + 3_600_000);
  return recordOf(row, {
    ...{ kind: "store", message: null, provider: null, events: [] },
    tokens: { accessToken: seal("access_token"), refreshToken, grantHash, tokenType: null, scopes: null, metadata: {} },
    ...{ expiresAt, refreshTokenExpiresAt: null, grantEndsAt: null, nextRefreshAt: expiresAt },
  });
}

const setbackOf = (row: Row) =>
  recordOf(row, {
    ...{ kind: "setback", job: "retry", status: "connected", errorCode: "provider_unavailable", message: "no answer" },
    ...{ resumeAt: null, nextRefreshAt: new Date(), notBefore: null, failingSince: new Date(), provider: null },
    ...{ consecutiveFailures: 1, lostAnswers: 0, events: [] },
  });

const leased = "lease_until = now() + interval '1 minute'";

test.each([
  ["the generation that was spent", "generation = 2", "committed"],
  ["it, with the lease of another one", `generation = 2, lease_owner = 'another', ${leased}`, "committed"],
  ["a newer generation", "generation = 3", "superseded"],
  ["an older one, as after a failover", "generation = 1, connected_at = now() - interval '1 day'", "committed"],
  ["an older one that was connected anew", "generation = 1, connected_at = now() + interval '1 second'", "superseded"],
  ["a disconnected account", "generation = 2, status = 'disconnected'", "superseded"],
])("a new token set meets %s", async (_what, assignments, committed) => {
  const before = await connectAs(assignments);
  const record = grantOf(before);
  expect(await engine.refreshDeps.store.commit(record)).toBe(committed);
  const { generation, access_token } = await rig.row(before.id);
  const { accessToken } = (record.transition as { tokens: { accessToken: string } }).tokens;
  if (committed === "committed")
    expect({ generation, access_token }).toEqual({ generation: 3, access_token: accessToken });
  else
    expect({ generation, access_token }).toEqual({ generation: before.generation, access_token: before.access_token });
  // Said once more, since the first answer was lost.
  if (committed === "committed") expect(await engine.refreshDeps.store.commit(record)).toBe("committed");
});

test.each([
  ["the lease", `generation = 2, lease_owner = 'us', ${leased}`, "committed"],
  ["the lease of another one", `generation = 2, lease_owner = 'another', ${leased}`, "superseded"],
  ["no lease", "generation = 2", "superseded"],
  ["another generation", `generation = 3, lease_owner = 'us', ${leased}`, "superseded"],
])("a setback meets %s", async (_what, assignments, committed) => {
  const before = await connectAs(assignments);
  expect(await engine.refreshDeps.store.commit(setbackOf(before))).toBe(committed);
  const row = await rig.row(before.id);
  if (committed === "committed") expect(row).toMatchObject({ lease_owner: null, consecutive_failures: 1 });
  else expect(row).toEqual(before);
});

test.each(["grant", "setback"])("a probe's %s closes the circuits that it has met, and no other", async (kind) => {
  const row = await connectAs(`generation = 2, lease_owner = 'us', ${leased}`);
  await rig.pool.query("DELETE FROM circuits");
  const circuits = [
    ["acme", "default", "ours", ""],
    ["acme", "default", "ours", "mine"],
    ["acme", "default", "ours", "theirs"],
    ["acme", "default", "of another secret", ""],
    ["acme", "other", "ours", ""],
    ["another", "default", "ours", ""],
  ];
  for (const circuit of circuits) {
    await rig.pool.query(
      `INSERT INTO circuits (provider, registration, fingerprint, circuit_of, open, code, reason, opened_at, trouble_since, round_started_at, next_probe_at)
       VALUES ($1, $2, $3, $4, true, 'invalid_client', '', now(), now(), now(), now())`,
      circuit,
    );
  }
  const { transition, ...rest } = kind === "grant" ? grantOf(row) : setbackOf(row);
  const provider = { kind: "close_circuit", of: "mine", believed: false } as const;
  const record = { ...rest, fingerprint: "ours", transition: { ...transition, provider } } as CommitRecord;
  expect(await engine.refreshDeps.store.commit(record)).toBe("committed");
  const { rows } = await rig.pool.query(
    "SELECT provider, registration, fingerprint, circuit_of FROM circuits WHERE open",
  );
  expect(rows.map((open) => Object.values(open))).toEqual(expect.arrayContaining(circuits.slice(2)));
  expect(rows).toHaveLength(4);
});

test("a token set that may have been ended is due at once, and its grant's hash goes with its refresh token", async () => {
  const checked = await connectAs("generation = 2, check_generation = 3, grant_hash = 'of the kept one'");
  await engine.refreshDeps.store.commit(grantOf(checked));
  const row = await rig.row(checked.id);
  expect(row.next_refresh_at.getTime()).toBeLessThanOrEqual(Date.now());
  expect(row).toMatchObject({ refresh_token: checked.refresh_token, grant_hash: "of the kept one" });
  const rotated = await connectAs("generation = 2, check_generation = 2, grant_hash = 'of the spent one'");
  await engine.refreshDeps.store.commit(grantOf(rotated, "of the new one"));
  expect(await rig.row(rotated.id)).toMatchObject({ grant_hash: "of the new one" });
  expect((await rig.row(rotated.id)).next_refresh_at.getTime()).toBeGreaterThan(Date.now());
});

test.each([
  ["waits for its user", "status = 'needs_reauth'", true],
  ["works", "status = 'connected'", false],
])("a grant that another one holds which %s is spent by one of them", async (what, assignments, gets) => {
  const shared = `shared with one that ${what}`;
  const holder = await connectAs(`${assignments}, grant_hash = '${shared}'`);
  const { id } = await connectAs("generation = 2");
  expect(await engine.refreshDeps.store.commit(grantOf(await rig.row(id), shared))).toBe("committed");
  const [row, other] = [await rig.row(id), await rig.row(holder.id)];
  expect(row).toMatchObject({ status: "connected", grant_hash: gets ? shared : null });
  expect([row.refresh_token === null, other.refresh_token === null]).toEqual([!gets, gets]);
});

test.each([
  ["waits for its user", "status = 'needs_reauth'", true],
  ["works", "status = 'connected'", false],
  ["is asked for once more", `status = 'needs_reauth', lease_owner = 'us', ${leased}`, false],
])("a connection gives its grant up only if it %s", async (what, assignments, gives) => {
  const { id } = await connectAs(`${assignments}, grant_hash = '${what}'`);
  expect(await giveWay(rig.pool, what)).toBe(gives);
  expect((await rig.row(id)).refresh_token === null).toBe(gives);
});

test.each([
  ["the row that it was given for", "generation = 2", 1],
  ["a generation that has come since", "generation = 3", 0],
  ["an earlier one", "generation = 1", 0],
  ["the lease of another one", `generation = 2, lease_owner = 'another', ${leased}`, 0],
  ["a disconnected account", "generation = 2, status = 'disconnected'", 0],
])("a lease that a failover has lost meets %s", async (_what, assignments, put) => {
  const before = await connectAs(assignments);
  const connection = { id: before.id, generation: 2 } as Connection;
  expect(await claimAgain(rig.pool, [{ owner: "us", connection, endsInMs: 30_000 }])).toBe(put);
  const row = await rig.row(before.id);
  if (put === 0) expect(row).toEqual(before);
  else expect(row).toMatchObject({ lease_owner: "us", generation: 2 });
});

test("a refresh token that has changed since it was read, or is being spent, gets no hash and is not taken away", async () => {
  const read = { provider: "acme", registration: "default", metadata: {} };
  const row = await connectAs("grant_hash = NULL");
  const before = { ...read, id: row.id, refresh_token: "another" as never };
  expect(await disarm(rig.pool, before, "")).toBe(false);
  await storeHashes(rig.pool, [{ ...before, grantHash: "of what was read" }]);
  expect(await rig.row(row.id)).toEqual(row);
  const spending = await connectAs(`grant_hash = NULL, lease_owner = 'us', ${leased}`);
  const same = { ...read, id: spending.id, refresh_token: spending.refresh_token };
  expect(await disarm(rig.pool, same, "")).toBe(false);
  expect(await rig.row(spending.id)).toEqual(spending);
});

test.each([
  // As a refresh by force that was granted does.
  ["old", "generation = 2, status = 'connected'", "status = 'needs_reauth'", { skipped: "not_newer", generation: 2 }],
  // As a claim does: what says more of the same tokens would be stored, were they not spent at that moment.
  ["the same", `lease_owner = 'us', ${leased}`, "status = 'connected'", { skipped: "same_tokens", generation: 1 }],
])(
  "a set that is brought in, which is %s, is judged by what stands there when it is written, not by what stood there when it was looked at",
  async (age, meanwhile, before, skipped) => {
    const connected = await rig.connect();
    const [userId, accountId] = [`user-${age}`, "account"];
    await patch(rig, connected.id, `user_id = $2, external_account_id = $3, ${before}`, [userId, accountId]);
    const client = await rig.pool.connect();
    await client.query("BEGIN");
    await client.query(`UPDATE connections SET ${meanwhile} WHERE id = $1`, [connected.id]);
    const { accessToken, refreshToken } = age === "old" ? { accessToken: age, refreshToken: age } : connected;
    const given = { userId, provider: "acme", externalAccountId: accountId, accessToken, refreshToken };
    const importing = rig.client.connections.import({ ...given, metadata: { shop: "b" } });
    await until(
      "the import waits for the row",
      async () => (await rig.pool.query("SELECT FROM pg_locks WHERE NOT granted")).rowCount !== 0,
    );
    await client.query("COMMIT");
    client.release();
    expect(await importing).toMatchObject({ id: connected.id, ...skipped });
  },
);

test.each([
  ["many", true, "connected"],
  ["one", false, "error"],
])("a mark for the fault of a circuit that is open because of %s", async (fingerprint, fromMany, status) => {
  const marked = await connectAs("status = 'error', last_error_code = 'unknown_answer'");
  const { transition, log, ...rest } = setbackOf(await connectAs(`generation = 2, lease_owner = 'us', ${leased}`));
  await rig.pool.query(
    `INSERT INTO faults (provider, registration, fingerprint, circuit_of, connection_id, code, known, at)
     VALUES ('acme', 'default', $1, '', $2, 'unknown_answer', false, now())`,
    [fingerprint, marked.id],
  );
  await rig.pool.query(
    `INSERT INTO circuits (provider, registration, fingerprint, open, code, reason, opened_at, trouble_since, from_many, next_probe_at, round_started_at)
     VALUES ('acme', 'default', $1, true, 'unknown_answer', '', now(), now(), $2, now(), now())`,
    [fingerprint, fromMany],
  );
  const record = { ...rest, fingerprint, transition, log: { ...log, outcome: "unknown" } } as CommitRecord;
  expect(await engine.refreshDeps.store.commit(record)).toBe("committed");
  expect(await rig.row(marked.id)).toMatchObject({ status });
});

test("a mark that was made before a denial was doubted is taken back, even if that fails at first", async () => {
  const dead = "status = 'needs_reauth', last_error_code = 'refresh_token_expired'";
  const [marked, again] = [await connectAs(dead), await connectAs(dead)];
  const doubted = await connectAs(`generation = 2, lease_owner = 'us', ${leased}`);
  await rig.pool.query(
    `INSERT INTO faults (provider, registration, fingerprint, circuit_of, connection_id, code, known, at)
     SELECT 'acme', 'default', 'ours', '', id, 'mass_denial', false, now() FROM unnest($1::uuid[]) AS id`,
    [[marked.id, again.id, doubted.id]],
  );
  await rig.pool.query("UPDATE faults SET first_at = now() WHERE connection_id = $1", [again.id]);
  await rig.pool.query(`CREATE SEQUENCE tries;
    CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF nextval('tries') = 1 THEN RAISE 'the server stops' USING ERRCODE = '57P01'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER fail_once BEFORE INSERT ON outbox FOR EACH ROW WHEN (NEW.event = 'connection.recovered')
      EXECUTE FUNCTION fail_once()`);
  const { transition, log, ...rest } = setbackOf(doubted);
  const record = {
    ...{ ...rest, fingerprint: "ours", log: { ...log, outcome: "denied" } },
    transition: { ...transition, errorCode: "mass_denial" },
  } as CommitRecord;
  await expect(engine.refreshDeps.store.commit(record)).rejects.toThrow("the server stops");
  expect(await rig.row(marked.id)).toMatchObject({ status: "needs_reauth" });
  await until("it is taken back", async () => (await rig.row(marked.id)).status === "connected");
  // One that was denied again is believed for itself.
  expect(await rig.row(again.id)).toMatchObject({ status: "needs_reauth" });
  await rig.pool.query("DROP TRIGGER fail_once ON outbox");
});
