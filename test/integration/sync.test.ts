import { createLogger } from "@evertoken/adapters";
import { createSyncWorker, type SyncHandler } from "@evertoken/engine";
import { requestSync } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import { patch, runTask } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRig, type Env, hasty, type Rig, until } from "../support/rig.ts";
import { onFileEnd, startOwnRedis } from "../support/services.ts";

const env: Env = { ...hasty, SYNC_RETRY_MS: "50", RECONCILE_CRON: "0 0 1 1 *" };
const reason = { reason: "test" };

async function ended(rig: Rig, id: string, status: "success" | "error") {
  return until(`the sync is a ${status}`, async () => {
    const row = await rig.row(id);
    return row.last_sync_status === status && row;
  });
}

/** An app with handlers, in this process, with all that it logs. */
async function app(rig: Rig, handlers: Record<string, SyncHandler>) {
  let output = "";
  const write = (text: string) => {
    output += text;
  };
  const logger = createLogger("app", "debug", { write });
  const started = await createSyncWorker({ settings: rig.env, handlers, logger });
  let closing: Promise<void> | null = null;
  const close = () => {
    closing ??= started.close();
    return closing;
  };
  onFileEnd(close);
  const worker = { close };
  return { worker, output: () => output };
}

test("the built-in sync keeps the account's name; several requests are one run; a dying token is renewed first", async () => {
  const rig = await createRig({ env });
  const { engine } = engineOf(rig.env);
  const connection = await rig.connect({ expiresIn: 200 });
  await patch(rig, connection.id, "connected_at = now() - interval '1 hour'");
  for (let n = 0; n < 5; n++) {
    expect(await requestSync(engine, connection.id, reason)).toMatchObject({ status: "pending", queue: "sync" });
  }
  expect(await rig.row(connection.id)).toMatchObject({ last_sync_status: "pending" });
  const worker = await rig.start("worker");
  const row = await ended(rig, connection.id, "success");
  expect(row).toMatchObject({ display_name: `Account ${connection.family}`, last_sync_message: null, generation: 2 });
  expect(row.last_sync_at).not.toBeNull();
  expect((await rig.server.summary()).identity).toEqual({ answered: 1, unauthorized: 0 });
  expect((await rig.log(connection.id)).map(({ trigger }) => trigger)).toEqual(["sync"]);
  expect(worker.output()).not.toContain("canary");
});

test("a token that never lives five minutes is renewed for a sync in its second half only", async () => {
  const rig = await createRig({ env });
  const { engine } = engineOf(rig.env);
  const [young, old] = [await rig.connect({ expiresIn: 120 }), await rig.connect({ expiresIn: 120 })];
  await patch(rig, old.id, "connected_at = now() - interval '90 seconds', expires_at = now() + interval '30 seconds'");
  await rig.start("worker");
  for (const { id } of [young, old]) await requestSync(engine, id, reason);
  expect(await ended(rig, young.id, "success")).toMatchObject({ generation: 1 });
  expect(await ended(rig, old.id, "success")).toMatchObject({ generation: 2 });
});

test("a stale token (401) is refreshed once and the sync repeated", async () => {
  const rig = await createRig({ env });
  const { engine } = engineOf(rig.env);
  const connection = await rig.connect();
  await rig.server.invalidateAccessToken(connection.accessToken);
  await rig.start("worker");
  await requestSync(engine, connection.id, reason);
  expect(await ended(rig, connection.id, "success")).toMatchObject({ generation: 2 });
  expect((await rig.server.summary()).identity).toEqual({ answered: 1, unauthorized: 1 });
  expect(await rig.log(connection.id)).toHaveLength(1);
});

test("a missing scope (403) is told apart: no refresh, no retry, insufficient_scope", async () => {
  const api = await startReceiver();
  const rig = await createRig({ env: { ...env, ACME_IDENTITY_URL: api.url } });
  const { engine } = engineOf(rig.env);
  const connection = await rig.connect();
  api.reply({ status: 403 });
  const worker = await rig.start("worker");
  await requestSync(engine, connection.id, reason);
  const row = await ended(rig, connection.id, "error");
  expect(row).toMatchObject({ status: "connected", generation: 1 });
  expect(row.last_sync_message).toMatch(/^insufficient_scope: /);
  const line = await until("it is logged", async () => worker.lines().find(({ msg }) => msg === "sync failed"));
  expect(line).toMatchObject({ code: "insufficient_scope" });
  expect(api.received).toHaveLength(1);

  // A fresh token that is refused as well: one refresh, then an end.
  api.reply({ status: 401 });
  await requestSync(engine, connection.id, reason);
  await until("it was refused", async () =>
    (await rig.row(connection.id)).last_sync_message?.startsWith("token_refused"),
  );
  expect(api.received).toHaveLength(3);
  expect(await rig.log(connection.id)).toHaveLength(1);
});

test("trouble is retried, pending meanwhile, and not for ever", async () => {
  const api = await startReceiver();
  const rig = await createRig({ env: { ...env, ACME_IDENTITY_URL: api.url, SYNC_RETRY_MS: "200" } });
  const { engine } = engineOf(rig.env);
  const connection = await rig.connect();
  api.reply({ status: 500 });
  await rig.start("worker");
  await requestSync(engine, connection.id, reason);
  const waiting = await until("the first run failed", async () => {
    const row = await rig.row(connection.id);
    return row.last_sync_message !== null && row;
  });
  expect(waiting).toMatchObject({ last_sync_status: "pending" });
  expect(waiting.last_sync_message).toContain("HTTP 500");
  await ended(rig, connection.id, "error");
  expect(api.received).toHaveLength(5);
  const job = async () => rig.queues.sync(null).getJob(`sync-${connection.id}`);
  await until("its job is gone", async () => (await job()) === undefined);
  await requestSync(engine, connection.id, reason);
  await until("a new request runs again", async () => api.received.length > 5);
});

test("an app's handlers run in its own process: nobody else takes their jobs, and what they throw is kept without a token", async () => {
  const rig = await createRig({ env });
  const { engine } = engineOf(rig.env);
  const engineWorker = await rig.start("worker");
  const early = await rig.connect();
  const seen: string[] = [];
  let fail = true;
  const first = await app(rig, {
    acme: async ({ connection, token }) => {
      seen.push(connection.id);
      if (fail) throw new Error(`cannot store for ${token.accessToken}`);
      return "12 contacts";
    },
  });
  expect(await requestSync(engine, early.id, reason)).toMatchObject({ queue: "sync-acme" });
  const row = await ended(rig, early.id, "error");
  expect(row.last_sync_message).toMatch(/^handler_failed: cannot store for/);
  expect(row.last_sync_message).not.toContain("canary");
  expect(seen).toHaveLength(5);
  fail = false;
  await requestSync(engine, early.id, reason);
  expect(await ended(rig, early.id, "success")).toMatchObject({ last_sync_message: "12 contacts" });

  // While the app is down its syncs wait for it; ours does not run them in its stead.
  await first.worker.close();
  const late = await rig.connect();
  await requestSync(engine, late.id, reason);
  await engine.queues.sync(null).add("sync", { connectionId: late.id }, { jobId: "stray" });
  await until("ours handed it over", async () => (await engine.queues.sync(null).getJob("stray"))?.isCompleted());
  expect((await rig.server.summary()).identity).toEqual({ answered: 0, unauthorized: 0 });
  expect(await rig.row(late.id)).toMatchObject({ last_sync_status: "pending" });
  const second = await app(rig, { acme: async ({ connection }) => void seen.push(connection.id) });
  await ended(rig, late.id, "success");
  expect(seen.filter((id) => id === late.id)).toHaveLength(1);
  for (const output of [first.output(), second.output(), engineWorker.output()]) expect(output).not.toContain("canary");
});

test("a request during a run starts another one after it, never beside it; closing waits for a running handler", async () => {
  const rig = await createRig({ env });
  const { engine } = engineOf(rig.env);
  const connection = await rig.connect();
  let running = 0;
  let most = 0;
  let runs = 0;
  const [first, third] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const gates = [first.promise, Promise.resolve(), third.promise];
  const handler: SyncHandler = async () => {
    running++;
    runs++;
    most = Math.max(most, running);
    await gates[runs - 1];
    running--;
  };
  const { worker } = await app(rig, { acme: handler });
  await requestSync(engine, connection.id, reason);
  await until("it runs", async () => running === 1);
  for (let n = 0; n < 3; n++) await requestSync(engine, connection.id, reason);
  expect(runs).toBe(1);
  first.resolve();
  await until("it ran once more", async () => runs === 2 && running === 0);
  await ended(rig, connection.id, "success");
  expect(most).toBe(1);
  await requestSync(engine, connection.id, reason);
  await until("it runs a third time", async () => running === 1);
  let closed = false;
  const closing = worker.close().then(() => {
    closed = true;
  });
  await engine.queues.redis.ping();
  expect(closed).toBe(false);
  third.resolve();
  await closing;
  expect(running).toBe(0);
  expect(await rig.row(connection.id)).toMatchObject({ last_sync_status: "success" });
});

test("a sync whose job Redis lost is put back by reconcile", async () => {
  const rig = await createRig({ env });
  const { engine } = engineOf(rig.env);
  const connection = await rig.connect();
  await requestSync(engine, connection.id, reason);
  await engine.queues.sync(null).obliterate({ force: true });
  await rig.start("worker");
  await rig.start("scheduler");
  expect(await runTask(rig, "reconcile")).toMatchObject({ syncsPending: expect.any(Number) });
  await ended(rig, connection.id, "success");
  expect(await runTask(rig, "reconcile")).toMatchObject({ syncsPending: 0 });
});

test("a handler that hangs gives its place to others, even if it does not heed its signal, and is retried", async () => {
  const rig = await createRig({ env: { ...env, SYNC_TIMEOUT_MS: "300", SYNC_CONCURRENCY: "1" } });
  const { engine } = engineOf(rig.env);
  const [stuck, other] = [await rig.connect(), await rig.connect()];
  const signals: AbortSignal[] = [];
  let deaf = true;
  await app(rig, {
    acme: async ({ connection, signal }) => {
      if (connection.id !== stuck.id) return;
      signals.push(signal);
      if (deaf) await new Promise(() => undefined);
      else await fetch("http://127.0.0.1:9", { signal }).catch(() => signal.throwIfAborted());
    },
  });
  await requestSync(engine, stuck.id, reason);
  await until("it hangs", async () => signals.length === 1);
  await requestSync(engine, other.id, reason);
  await ended(rig, other.id, "success");
  const row = await rig.row(stuck.id);
  expect(row).toMatchObject({ last_sync_status: "pending", last_sync_message: expect.stringMatching(/^timed_out: /) });
  expect(signals[0]?.aborted).toBe(true);
  deaf = false;
  await ended(rig, stuck.id, "success");
});

test("a request during a run outlives an emptied Redis", async () => {
  const redis = await startOwnRedis();
  const rig = await createRig({ env, redisUrl: redis.url });
  const { engine } = engineOf(rig.env);
  const connection = await rig.connect();
  const gate = Promise.withResolvers<void>();
  let runs = 0;
  const { output } = await app(rig, {
    acme: async () => {
      runs++;
      await gate.promise;
    },
  });
  await requestSync(engine, connection.id, reason);
  await until("it runs", async () => runs === 1);
  await requestSync(engine, connection.id, reason);
  const next = () => engine.queues.sync("acme").getJob(`sync-${connection.id}-next`);
  await until("the second one waits for the first", async () => (await next())?.isDelayed());
  await engine.queues.redis.flushall();
  gate.resolve();
  const first = await until("the first run has ended", async () => {
    const row = await rig.row(connection.id);
    return row.last_sync_at !== null && row;
  });
  expect(first).toMatchObject({ last_sync_status: "pending" });
  expect(runs).toBe(1);
  await rig.start("scheduler");
  await ended(rig, connection.id, "success");
  expect(runs).toBe(2);
  expect(output()).not.toContain("canary");
});

test("what cannot be synced is refused with a code", async () => {
  const rig = await createRig({ env });
  const { engine } = engineOf(rig.env);
  await expect(requestSync(engine, "nonsense", reason)).rejects.toMatchObject({ code: "connection_not_found" });
  const { id } = await rig.connect();
  await rig.client.connections.disconnect(id);
  await expect(requestSync(engine, id, reason)).rejects.toMatchObject({ code: "disconnected" });
  expect(await rig.row(id)).toMatchObject({ last_sync_status: null });
});
