import { OrphanSearch, reconcile, saveEndpoint, sweep } from "@evertoken/operations";
import { expect, test } from "vitest";
import { insertConnections } from "../chaos/insert-connections.ts";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty, type Rig, until } from "../support/rig.ts";
import { startOwnRedis } from "../support/services.ts";

const many = 2000;
const now = () => new Date();
const overdueSpreadMs = 60_000;
const reconcileOf = ({ pool, queues }: Rig) =>
  reconcile({ pool, queues, orphans: new OrphanSearch(pool), now, overdueSpreadMs, deriving: [], whole: true });
const sweepOf = ({ pool, queues }: Rig) => sweep({ pool, queues, now, overdueSpreadMs }, 300_000, 300_000);

/** Changes with every write to any of the rows. */
async function versions({ pool }: Rig): Promise<string> {
  const sql =
    "SELECT md5(string_agg(id::text || xmin::text || next_refresh_at::text, ',' ORDER BY id)) AS sum FROM connections";
  return (await pool.query<{ sum: string }>(sql)).rows[0]?.sum ?? "";
}

async function overdueRig() {
  const { url } = await startOwnRedis();
  const rig = await createRig({ redisUrl: url });
  await insertConnections(rig, many, () => new Date(Date.now() - 600_000));
  await reconcileOf(rig);
  return rig;
}

test("a sweep writes no row whose job is in place, and keeps the due time of one that it brings forward", async () => {
  const rig = await overdueRig();
  const before = await versions(rig);
  expect(await sweepOf(rig)).toMatchObject({ scheduled: 0 });
  expect(await versions(rig)).toBe(before);

  const { rows } = await rig.pool.query<{ id: string }>("SELECT id FROM connections ORDER BY id LIMIT 3");
  for (const { id } of rows) await rig.queues.remove(rig.provider, id, 1);
  expect(await sweepOf(rig)).toMatchObject({ scheduled: 3 });
  expect(await versions(rig)).toBe(before);
});

test("what an open circuit holds is moved by neither sweep nor reconcile, however long its probes take", async () => {
  const rig = await overdueRig();
  await rig.pool.query(
    `INSERT INTO circuits (provider, registration, fingerprint, open, code, reason, opened_at, trouble_since, next_probe_at, round_started_at)
     VALUES ($1, 'default', 'x', true, 'invalid_client', 'refused', now(), now(), now() + interval '10 minutes', now())`,
    [rig.provider],
  );
  const queue = rig.queues.refreshQueue(rig.provider);
  // All but the few that were spread to this very moment, and are due.
  const jobs = await queue.getDelayed(0, -1);
  expect(jobs.length).toBeGreaterThan(many / 2);
  await Promise.all(jobs.map((job) => job.changeDelay(2 * 3_600_000)));
  expect(await sweepOf(rig)).toMatchObject({ scheduled: 0 });
  expect(await reconcileOf(rig)).toMatchObject({ scheduled: 0, corrected: 0 });

  await rig.pool.query("UPDATE circuits SET open = false");
  expect(await reconcileOf(rig)).toMatchObject({ corrected: jobs.length });
});

test("reconcile looks at overdue jobs that run or wait in pages, not one by one, and finds those in no list", async () => {
  const rig = await overdueRig();
  const queue = rig.queues.refreshQueue(rig.provider);
  await queue.pause();
  await queue.promoteJobs({ count: many });
  await until("all are promoted", async () => (await queue.getDelayedCount()) === 0);
  const commands = async () => Number(/total_commands_processed:(\d+)/.exec(await rig.queues.redis.info("stats"))?.[1]);
  const before = await commands();
  expect(await reconcileOf(rig)).toMatchObject({ checked: many, scheduled: 0, corrected: 0 });
  // Those inside of scripts are counted as well: a look at each job, and no trip for it.
  expect((await commands()) - before).toBeLessThan(6 * many);

  const [lost] = (await queue.getPrioritized(0, 0)).concat(await queue.getWaiting(0, 0));
  await rig.queues.redis.zrem(queue.toKey("prioritized"), lost?.id as string);
  for (const list of ["wait", "paused"]) await rig.queues.redis.lrem(queue.toKey(list), 0, lost?.id as string);
  expect(await reconcileOf(rig)).toMatchObject({ scheduled: 1, corrected: 0 });
});

test("a receiver that is down costs one row, not its backlog", async () => {
  const rig = await createRig({ env: hasty });
  const { engine } = engineOf(rig.env);
  const { id } = await rig.connect();
  const deps = { ...engine, notify: engine.config.notify, allowPrivateAddresses: true };
  const saved = await saveEndpoint(deps, { target: "http://127.0.0.1:1/" });
  if (saved.kind !== "saved") throw new Error(saved.kind);
  await rig.pool.query(
    `INSERT INTO outbox (event, connection_id, provider, payload, delivered_at)
     SELECT 'token.refreshed', $1, 'acme', '{}', now() FROM generate_series(1, $2 + 3)`,
    [id, many],
  );
  await rig.pool.query(
    "INSERT INTO webhook_deliveries (endpoint_id, event_id, next_attempt_at, created_at) SELECT $1, id, now(), now() FROM outbox",
    [saved.endpoint.id],
  );
  await rig.start("worker");
  await rig.queues.fixed("notifications").add("deliver", {});
  const held = "SELECT FROM webhook_endpoints WHERE held_until > now()";
  await until("the receiver is left alone", async () => (await rig.pool.query(held)).rowCount === 1);
  const { rows } = await rig.pool.query("SELECT count(*)::int AS tried FROM webhook_deliveries WHERE attempts > 0");
  expect(rows[0]).toEqual({ tried: 4 });
  // With the event of the connection itself, four more than \`many\`.
  const untouched =
    "SELECT count(*)::int AS left FROM webhook_deliveries WHERE attempts = 0 AND next_attempt_at = created_at";
  expect((await rig.pool.query(untouched)).rows[0]).toEqual({ left: many });
});
