import { createMetrics, refusalCounts } from "@evertoken/operations";
import { expect, test } from "vitest";
import { comesDue, patch } from "../support/drive.ts";
import { addEndpoint, promptly } from "../support/events.ts";
import { namedBy, queries, rules } from "../support/monitoring-queries.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRig, hasty, until } from "../support/rig.ts";

/** All that the processes of this file have shown. */
let shown = "";
async function metricsOf({ port }: { port: number }): Promise<string> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  shown += text;
  return text;
}

/** The value of one series. */
function value(text: string, series: string): number | undefined {
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test("a worker counts refreshes with their lateness, and deliveries; nothing names a user or a token", async () => {
  const app = await startReceiver();
  const rig = await createRig({ env: { ...hasty, ...promptly } });
  await addEndpoint(rig, { kind: "webhook", target: app.url, events: ["connection.created"] });
  app.reply({ status: 500 });
  const worker = await rig.start("worker");
  const [due, asked] = [await rig.connect(), await rig.connect()];
  await comesDue(rig, due.id);
  await rig.client.scheduleNow(asked.id);
  for (const { id } of [due, asked]) {
    await until("it was refreshed", async () => (await rig.row(id)).generation === 2);
  }
  const failed = 'evertoken_webhook_deliveries_total{kind="webhook",outcome="failed"}';
  await until("a delivery failed", async () => Number(value(await metricsOf(worker), failed)) >= 1);
  app.reply({ status: 200 });
  const delivered = 'evertoken_webhook_deliveries_total{kind="webhook",outcome="delivered"}';
  await until("both are delivered", async () => value(await metricsOf(worker), delivered) === 2);

  const text = await metricsOf(worker);
  const granted = (trigger: string) =>
    value(text, `evertoken_refreshes_total{provider="acme",outcome="granted",trigger="${trigger}"}`);
  expect([granted("scheduled"), granted("manual")]).toEqual([1, 1]);
  expect(value(text, 'evertoken_refresh_duration_seconds_count{provider="acme"}')).toBe(2);
  // The one that somebody asked for was not due.
  expect(value(text, 'evertoken_refresh_lateness_seconds_count{provider="acme"}')).toBe(1);
  expect(value(text, 'evertoken_refresh_lateness_seconds_bucket{le="15",provider="acme"}')).toBe(1);
  for (const secret of ["canary", "user-", due.id, app.url]) expect(text).not.toContain(secret);
});

test("a scheduler reads the gauges of connections, expiring tokens, circuits, deliveries and queues", async () => {
  const rig = await createRig({ env: { ...hasty, ...promptly, SWEEP_CRON: "0 0 1 1 *" } });
  const { id: endpointId } = await addEndpoint(rig, { kind: "webhook", target: "http://127.0.0.1:9/" });
  const [fresh, ending, dead] = [await rig.connect(), await rig.connect(), await rig.connect()];
  await patch(
    rig,
    ending.id,
    "expires_at = now() + interval '2 minutes', next_refresh_at = now() + interval '1 minute'",
  );
  await patch(rig, dead.id, "status = 'needs_reauth', next_refresh_at = NULL");
  await rig.pool.query(`INSERT INTO circuits (provider, registration, fingerprint, open, code, reason, opened_at, next_probe_at, trouble_since, round_started_at)
    SELECT p, 'default', 'f', p = 'acme', 'invalid_client', 'HTTP 401', now(), now() + interval '1 hour', now(), now() FROM unnest(ARRAY['acme', 'other']) p`);
  await rig.pool.query(
    "INSERT INTO webhook_deliveries (endpoint_id, event_id, next_attempt_at) SELECT $1, id, now() FROM outbox",
    [endpointId],
  );
  const scheduler = await rig.start("scheduler");
  const text = await until("the gauges are read", async () => {
    const shown = await metricsOf(scheduler);
    return shown.includes("evertoken_connections{") && shown.includes("evertoken_queue_jobs{") && shown;
  });
  const connections = (status: string) => value(text, `evertoken_connections{provider="acme",status="${status}"}`);
  expect([connections("connected"), connections("needs_reauth"), connections("error")]).toEqual([2, 1, undefined]);
  expect(value(text, 'evertoken_tokens_expiring_soon{provider="acme"}')).toBe(1);
  expect(value(text, 'evertoken_circuit_open{provider="other",registration="default"}')).toBe(0);
  expect(text).toContain('evertoken_circuit_open{provider="acme",registration="default"}');
  expect(value(text, 'evertoken_webhook_deliveries_pending{kind="webhook"}')).toBe(3);
  for (const state of ["waiting", "prioritized", "active", "delayed", "failed"]) {
    expect(value(text, `evertoken_queue_jobs{queue="refresh-acme",state="${state}"}`)).toBeTypeOf("number");
  }
  expect(value(text, 'evertoken_queue_jobs{queue="refresh-acme",state="delayed"}')).toBeGreaterThanOrEqual(2);
  expect(value(text, 'evertoken_queue_oldest_overdue_seconds{queue="refresh-acme"}')).toBe(0);
  for (const secret of ["canary", "user-", fresh.id]) expect(text).not.toContain(secret);

  // Nobody works: what was due a minute ago is overdue by that.
  await scheduler.stop();
  const [job] = await rig.queues.refreshQueue("acme").getDelayed(0, 0);
  await rig.queues.redis.zadd(
    rig.queues.refreshQueue("acme").toKey("delayed"),
    (Date.now() - 60_000) * 4096,
    job?.id as string,
  );
  const next = await rig.start("scheduler", { RECONCILE_CRON: "0 0 1 1 *" });
  const late = await until("the gauges are read", async () =>
    value(await metricsOf(next), 'evertoken_queue_oldest_overdue_seconds{queue="refresh-acme"}'),
  );
  expect(late).toBeGreaterThan(59);
});

test("what was refused is counted from where the scheduler began, each row once, and only when it is settled", async () => {
  const { pool } = await createRig();
  const row = (action: string, code: string, count: number, age: string) =>
    pool.query(
      "INSERT INTO audit_log (actor, action, detail, at) VALUES ('nobody', $1, jsonb_build_object('code', $2::text, 'count', $3::int), now() - $4::interval)",
      [action, code, count, age],
    );
  await row("request.refused", "wrong_key", 1000, "1 hour");
  const metrics = createMetrics();
  const counts = refusalCounts(metrics, pool);
  await counts.show();
  await row("request.refused", "wrong_key", 30, "10 seconds");
  await row("request.refused", "wrong_key", 12, "10 seconds");
  await row("dashboard.login_refused", "password", 7, "10 seconds");
  await row("token.read", "wrong_key", 99, "10 seconds");
  await row("request.refused", "no_key", 5, "0 seconds");
  for (let n = 0; n < 2; n++) await counts.show();
  const text = await metrics.registry.metrics();
  shown += text;
  expect(text.split("\n").filter((line) => line.startsWith("evertoken_refusals_total"))).toEqual([
    'evertoken_refusals_total{action="dashboard.login_refused",code="password"} 7',
    'evertoken_refusals_total{action="request.refused",code="wrong_key"} 42',
  ]);
});

test("each metric and label that alerts and dashboards ask for is one that the processes have shown", () => {
  const labels = new Map<string, Set<string>>();
  for (const [, metric = "", list = ""] of shown.matchAll(/^(evertoken_\w+?)(?:\{(.*)\})? /gm)) {
    const known = labels.get(metric) ?? new Set(["instance", "job"]);
    for (const [, label = ""] of list.matchAll(/(\w+)="/g)) known.add(label);
    labels.set(metric, known);
  }
  // A recorded one has the labels that it was grouped by.
  for (const { record, expr } of rules) {
    if (record !== undefined) labels.set(record, new Set(namedBy(expr).flatMap(({ labels }) => labels)));
  }
  // Where two queues are compared, what is made of a provider stands beside it.
  labels.get("evertoken_circuit_open")?.add("queue");
  labels.get("evertoken_queue_oldest_overdue_seconds")?.add("provider");
  const named = queries.flatMap(({ where, expr }) => namedBy(expr).map((each) => ({ where, ...each })));
  expect(named.length).toBeGreaterThan(50);
  for (const { where, metric, labels: asked } of named) {
    expect([...(labels.get(metric) ?? [])], `${where}: ${metric}`).toEqual(expect.arrayContaining(asked));
  }
});
