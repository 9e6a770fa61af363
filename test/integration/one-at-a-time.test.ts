import { randomUUID } from "node:crypto";
import { createSyncWorker } from "@evertoken/engine";
import { requestSync } from "@evertoken/engine/internal";
import { pino } from "pino";
import { expect, test } from "vitest";
import { attempts, comesDue, events, patch } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { lies } from "../support/token-server.ts";

test.concurrent("a third request for a sync, while the second one's job runs, runs after it", async () => {
  const rig = await createRig({ env: { ...hasty, RECONCILE_CRON: "0 0 1 1 *" } });
  const { engine } = engineOf(rig.env);
  const { id } = await rig.connect();
  let [runs, running, most] = [0, 0, 0];
  const ends: (() => void)[] = [];
  const handler = async () => {
    runs++;
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running--;
  };
  const logger = pino({ level: "silent" });
  const app = await createSyncWorker({ settings: rig.env, logger, handlers: { acme: handler } });
  onFileEnd(() => app.close());
  const ran = (count: number) => until(`${count} runs have begun`, async () => runs === count);
  const ask = () => requestSync(engine, id, { reason: "test" });
  await ask();
  await ran(1);
  await ask();
  ends.shift()?.();
  await ran(2);
  await ask();
  await until("its job has looked", async () => (await engine.queues.sync("acme").getDelayedCount()) === 1);
  ends.shift()?.();
  await ran(3);
  ends.shift()?.();
  await until("it has ended", async () => (await rig.row(id)).last_sync_status === "success");
  expect(most).toBe(1);
  expect(await rig.row(id)).toMatchObject({ sync_owner: null, sync_until: null });
});

test.concurrent("a sync whose process was killed is run by the next one when its hold has ended", async () => {
  const rig = await createRig({ env: hasty });
  const { engine } = engineOf(rig.env);
  const { id } = await rig.connect();
  await patch(rig, id, "sync_owner = $2, sync_until = now() + interval '2 seconds'", [randomUUID()]);
  await rig.start("worker");
  await requestSync(engine, id, { reason: "test" });
  await until("it ran", async () => (await rig.row(id)).last_sync_at !== null);
  expect((await rig.row(id)).sync_owner).toBeNull();
});

test.concurrent("a token that ended while nobody ran is shown as ended, and found so", async () => {
  const rig = await createRig();
  const [ended, lives] = [await rig.connect(), await rig.connect()];
  await patch(rig, ended.id, "expires_at = now() - interval '1 second'");
  const { connections, tokenStatus } = rig.client;
  expect(await connections.get(ended.id)).toMatchObject({ status: "token_expired" });
  expect(await tokenStatus(ended.id)).toMatchObject({ status: "token_expired" });
  const ids = async (status: string) => (await connections.list({ status })).map(({ id }) => id);
  expect(await ids("token_expired")).toEqual([ended.id]);
  expect(await ids("connected")).toEqual([lives.id]);
  expect((await rig.row(ended.id)).status).toBe("connected");

  await rig.start("worker"); // its refresh recovers nothing: nobody was told of a failure
  await comesDue(rig, ended.id);
  await attempts(rig, ended.id, 1);
  expect(await connections.get(ended.id)).toMatchObject({ status: "connected" });
  expect(await events(rig, ended.id)).not.toContain("connection.recovered");
});

test.concurrent("tokens that live for a second are not refreshed by themselves more than twice a minute", async () => {
  const rig = await createRig();
  await rig.server.configure({ expiresIn: 1 });
  const { id } = await rig.connect({ expiresIn: 1 });
  await rig.start("worker");
  await attempts(rig, id, 1);
  const { next_refresh_at, last_refresh_at } = await rig.row(id);
  expect(next_refresh_at.getTime() - last_refresh_at.getTime()).toBeGreaterThan(29_000);
  // An app that needs one gets it, since none is alive.
  await until("it has ended", async () => (await rig.row(id)).expires_at.getTime() < Date.now());
  expect(await rig.client.getAccessToken(id)).toMatchObject({ generation: 3 });
});

test.concurrent("that refreshes fail is said once, however the failures change their kind", async () => {
  const rig = await createRig({ env: { ...hasty, QUICK_RETRIES: "1" } });
  const { id, family } = await rig.connect();
  await rig.start("worker");
  const strange = { kind: "lie", status: 400, headers: { "content-type": "application/json" } } as const;
  await rig.server.behave({ ...strange, body: '{"error":"strange"}' }, { family, next: 1 });
  await comesDue(rig, id);
  await attempts(rig, id, 1);
  await rig.server.behave(lies.serverError, { family });
  await comesDue(rig, id);
  await attempts(rig, id, 4);
  expect((await events(rig, id)).filter((event) => event === "token.refresh_failed")).toHaveLength(1);
});
