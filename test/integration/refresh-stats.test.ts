import { randomUUID } from "node:crypto";
import { addUpRefreshes, createPool, pruneRefreshStats, refreshStats } from "@evertoken/adapters";
import type { Pool } from "pg";
import { beforeEach, expect, test } from "vitest";
import { runTask } from "../support/drive.ts";
import { createRig } from "../support/rig.ts";
import { createDatabase, onFileEnd } from "../support/services.ts";

let pool: Pool;
beforeEach(async () => {
  pool = createPool((await createDatabase()).url, 10, () => {});
  const own = pool;
  onFileEnd(() => own.end());
});

const since = () => new Date(Date.now() - 86_400_000);

async function log(count: number, values = "'granted', NULL, 100, now()", client: Pick<Pool, "query"> = pool) {
  await client.query(
    `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, error_code, duration_ms, created_at, generation)
     SELECT $1, 'acme', 'scheduled', true, ${values}, 1 FROM generate_series(1, $2) n`,
    [randomUUID(), count],
  );
}

/** Long enough ago that every statement of then has ended. */
const later = () => pool.query("UPDATE refresh_stats_progress SET seen_at = now() - interval '1 minute'");

async function counted(): Promise<number> {
  const { counts, durations } = await refreshStats(pool, since());
  const sum = (rows: readonly { attempts: number }[]) => rows.reduce((all, { attempts }) => all + attempts, 0);
  expect(sum(durations)).toBe(sum(counts));
  return sum(counts);
}

const added = async () =>
  Number((await pool.query("SELECT coalesce(sum(attempts), 0) AS n FROM refresh_stats")).rows[0]?.n);

test("every row counts once, before, while and after it is added up, whoever does it", async () => {
  await log(10);
  expect([await counted(), await added()]).toEqual([10, 0]);
  await later();
  await addUpRefreshes(pool); // Sees the ten, and leaves them until no statement can still bring one of them.
  expect([await counted(), await added()]).toEqual([10, 0]);
  await log(5);
  await later();
  await Promise.all(Array.from({ length: 6 }, () => addUpRefreshes(pool)));
  expect([await counted(), await added()]).toEqual([15, 10]);
  await addUpRefreshes(pool); // Too soon.
  expect(await added()).toBe(10);
  await later();
  await addUpRefreshes(pool);
  expect([await counted(), await added()]).toEqual([15, 15]);
});

test("a row whose id was given out early and that is seen late is not left out", async () => {
  const client = await pool.connect();
  await client.query("BEGIN");
  await log(1, undefined, client as unknown as Pool);
  await log(3);
  await later();
  await addUpRefreshes(pool);
  await client.query("COMMIT");
  client.release();
  await later();
  await addUpRefreshes(pool);
  expect([await counted(), await added()]).toEqual([4, 4]);
});

test("a rolled back id leaves a gap that stops nothing", async () => {
  const client = await pool.connect();
  await client.query("BEGIN");
  await log(2, undefined, client as unknown as Pool);
  await client.query("ROLLBACK");
  client.release();
  await log(3);
  for (let run = 0; run < 2; run++) {
    await later();
    await addUpRefreshes(pool);
  }
  expect([await counted(), await added()]).toEqual([3, 3]);
});

test("outcomes, codes, hours and durations are kept apart; what is old is not told, then pruned", async () => {
  await log(4, "'granted', NULL, 100, now()");
  await log(3, "'transient', 'provider_unavailable', 9000, now() - interval '2 hours'");
  await log(2, "'granted', NULL, 0, now() - interval '3 days'");
  for (let run = 0; run < 2; run++) {
    await later();
    await addUpRefreshes(pool);
  }
  await log(1, "'transient', 'provider_unavailable', 9000, now() - interval '2 hours'");
  const { counts, durations, behind } = await refreshStats(pool, since());
  expect(counts.map(({ outcome, error_code, attempts }) => [outcome, error_code, attempts])).toEqual([
    ["transient", "provider_unavailable", 4],
    ["granted", null, 4],
  ]);
  expect(durations.map(({ duration_bucket: step, attempts }) => [Math.round(1.25 ** step), attempts])).toEqual(
    expect.arrayContaining([
      [108, 4],
      [9404, 4],
    ]),
  );
  expect([behind, await pruneRefreshStats(pool, since()), await added()]).toEqual([false, 1, 7]);
});

test("of the last hour steps of five minutes are told, of longer times steps of hours, each attempt in one", async () => {
  await log(2, "'granted', NULL, 100, now() - interval '12 minutes'");
  await log(3, "'denied', 'refresh_token_expired', 100, now() - interval '22 minutes'");
  await log(4, "'granted', NULL, 100, now() - interval '30 hours'");
  const told = async (ms: number, step: number) => {
    const { counts } = await refreshStats(pool, new Date((Math.floor(Date.now() / step) + 1) * step - ms), step);
    const age = (at: Date) => Math.floor((Math.floor(Date.now() / step) * step - at.getTime()) / step);
    return counts.map(({ at, outcome, attempts }) => [outcome, attempts, age(at) * (step / 60_000)]);
  };
  const expected = [
    ["denied", 3, expect.toSatisfy((age: number) => age === 20 || age === 25)],
    ["granted", 2, expect.toSatisfy((age: number) => age === 10 || age === 15)],
  ];
  expect(await told(3_600_000, 300_000)).toEqual(expected);
  for (let run = 0; run < 2; run++) {
    await later();
    await addUpRefreshes(pool);
  }
  expect(await told(3_600_000, 300_000)).toEqual(expected);
  const days = await told(30 * 86_400_000, 86_400_000);
  expect(days.reduce((sum, [, attempts = 0]) => sum + Number(attempts), 0)).toBe(9);
  await pool.query("UPDATE refresh_steps SET step = step - interval '3 days'");
  await pruneRefreshStats(pool, since());
  expect((await pool.query("SELECT * FROM refresh_steps")).rows).toEqual([]);
});

test("the scheduler does it, and says how many", async () => {
  const rig = await createRig();
  pool = rig.pool;
  await rig.start("scheduler");
  await log(3);
  for (let run = 0; run < 2; run++) {
    await later();
    expect(await runTask(rig, "stats")).toEqual({ added: expect.any(Number) });
  }
  expect([await counted(), await added()]).toEqual([3, 3]);
});
