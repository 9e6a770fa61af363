import { nudgeDelivery } from "@evertoken/engine/internal";
import { replayDelivery } from "@evertoken/operations";
import { expect, test } from "vitest";
import { attempts, comesDue } from "../support/drive.ts";
import { addEndpoint, deliveriesOf, idsOf, promptly, tell, verified } from "../support/events.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRig, hasty, until } from "../support/rig.ts";

const env = { ...hasty, ...promptly };
const all = async (what: string, probe: () => boolean, ms?: number) => until(what, async () => probe(), ms);

test("a change of state reaches those who want it, signed, without a token, once", async () => {
  const rig = await createRig({ env });
  const [everything, deaths, ofGold] = [await startReceiver(), await startReceiver(), await startReceiver()];
  const { id, secret } = await addEndpoint(rig, { target: everything.url });
  await addEndpoint(rig, { target: deaths.url, events: ["connection.needs_reauth"] });
  await addEndpoint(rig, { target: ofGold.url, tags: ["gold", "silver"] });
  const worker = await rig.start("worker");
  const connection = await rig.connect();
  await all("it heard of the new one", () => everything.received.length === 1);
  await rig.client.connections.update(connection.id, { tags: ["gold", "eu"] });
  await tell(rig, 1, "provider.circuit_closed");
  await all("and of what is no connection's", () => everything.received.length === 2);
  await rig.server.revokeFamily(connection.family);
  await comesDue(rig, connection.id);
  await all(
    "both heard of it",
    () => [everything, deaths, ofGold].map(({ received }) => received.length).join() === "3,1,1",
  );
  const bodies = everything.received.map(({ body }) => JSON.parse(body));
  const { user_id: userId } = await rig.row(connection.id);
  const death = bodies.find(({ type }) => type === "connection.needs_reauth");
  expect(bodies.map(({ type }) => type).sort()).toEqual([
    "connection.created",
    "connection.needs_reauth",
    "provider.circuit_closed",
  ]);
  const limited = ofGold.received.map(({ body }) => JSON.parse(body));
  expect(limited.map(({ type, data }) => [type, data.tags])).toEqual([["connection.needs_reauth", ["eu", "gold"]]]);
  expect(death).toEqual({
    id: expect.stringMatching(/^evt_\d+$/),
    type: "connection.needs_reauth",
    timestamp: expect.stringMatching(/Z$/),
    data: {
      connectionId: connection.id,
      userId,
      provider: "acme",
      tags: ["eu", "gold"],
      status: "needs_reauth",
      errorCode: "refresh_token_expired",
      message: expect.stringContaining("invalid_grant"),
      expiresAt: expect.stringMatching(/Z$/),
      grantEndsAt: null,
    },
  });
  for (const received of everything.received) {
    expect(verified(received, secret)).toBe(true);
    expect(verified({ ...received, body: `${received.body} ` }, secret)).toBe(false);
    expect(received.headers["webhook-id"]).toBe(JSON.parse(received.body).id);
    expect(received.body).not.toContain("canary");
  }
  await until("the log says so", async () =>
    (await deliveriesOf(rig, id)).every(({ status }) => status === "delivered"),
  );
  expect((await deliveriesOf(rig, id))[0]).toMatchObject({ attempts: 1, httpStatus: 204, error: null });
  const { rows } = await rig.pool.query("SELECT target, secret FROM webhook_endpoints");
  expect(JSON.stringify(rows)).not.toContain("127.0.0.1");
  expect(JSON.stringify(rows)).not.toContain(secret);
  expect(worker.output()).not.toContain("canary");
  expect(worker.output()).not.toContain(secret);
});

test("`token.refreshed` exists only while somebody asked for it by name", async () => {
  const rig = await createRig({ env });
  const [asked, other] = [await startReceiver(), await startReceiver()];
  await addEndpoint(rig, { target: other.url });
  await rig.start("worker");
  const connection = await rig.connect();
  const refresh = async (count: number) => {
    await comesDue(rig, connection.id);
    await attempts(rig, connection.id, count);
  };
  const written = async () =>
    (await rig.pool.query("SELECT FROM outbox WHERE event = 'token.refreshed'")).rowCount as number;
  await refresh(1);
  expect(await written()).toBe(0);
  await addEndpoint(rig, { target: asked.url, events: ["token.refreshed"] });
  await refresh(2);
  expect(await written()).toBe(1);
  await nudgeDelivery(rig.queues);
  await all("it is told", () => asked.received.length === 1);
  expect(JSON.parse(asked.received[0]?.body ?? "")).toMatchObject({
    type: "token.refreshed",
    data: { status: "connected" },
  });
  await all("the other heard of the connection", () => other.received.length === 1);
  expect(JSON.parse(other.received[0]?.body ?? "").type).toBe("connection.created");
});

test("a receiver that is down, and then fails, gets everything in the end, each under one id", async () => {
  const rig = await createRig({ env });
  const receiver = await startReceiver();
  const { id, secret } = await addEndpoint(rig, { target: receiver.url });
  await rig.start("worker");
  await receiver.down();
  const told = await tell(rig, 20, "connection.created");
  await until("it was tried", async () => (await deliveriesOf(rig, id)).some(({ error }) => error === "ECONNREFUSED"));
  const failing = async () =>
    (await rig.pool.query("SELECT failing_since FROM webhook_endpoints WHERE id = $1", [id])).rows[0].failing_since;
  await until("the endpoint is known to fail", failing);
  const fates = new Map<string, number>();
  receiver.reply(({ headers }) => {
    const name = String(headers["webhook-id"]);
    fates.set(name, (fates.get(name) ?? 0) + 1);
    return { status: fates.get(name) === 1 ? 500 : 200 };
  });
  await receiver.up();
  await until("all are delivered", async () =>
    (await deliveriesOf(rig, id)).every(({ status }) => status === "delivered"),
  );
  expect(new Set(idsOf(receiver.received))).toEqual(new Set(told));
  expect(receiver.received).toHaveLength(40);
  expect(receiver.received.every((one) => verified(one, secret))).toBe(true);
  await until("the endpoint is known to work", async () => (await failing()) === null);
});

test("429 with Retry-After is respected, for all that waits for the receiver", async () => {
  const rig = await createRig({ env });
  const receiver = await startReceiver();
  const { id } = await addEndpoint(rig, { target: receiver.url });
  await rig.start("worker");
  receiver.reply({ status: 429, headers: { "retry-after": "2" } });
  await tell(rig, 12, "connection.created");
  await until("nobody is due", async () => {
    const deliveries = await deliveriesOf(rig, id);
    const soon = Date.now() + 1000;
    return deliveries.length === 12 && deliveries.every(({ nextAttemptAt }) => (nextAttemptAt?.getTime() ?? 0) > soon);
  });
  const before = receiver.received.length;
  expect(before).toBeLessThanOrEqual(4);
  const refusedAt = receiver.received.at(-1)?.at ?? 0;
  receiver.reply({ status: 200 });
  await until("all are delivered", async () =>
    (await deliveriesOf(rig, id)).every(({ status }) => status === "delivered"),
  );
  for (const { at } of receiver.received.slice(before)) expect(at - refusedAt).toBeGreaterThan(1900);
});

test("a receiver that never answers and one that is dead do not delay another", async () => {
  const rig = await createRig({ env: { ...env, NOTIFICATIONS_CONCURRENCY: "3", NOTIFY_TIMEOUT_MS: "3000" } });
  const [slow, dead, swift] = [await startReceiver(), await startReceiver(), await startReceiver()];
  slow.reply("silence");
  await dead.down();
  for (const { url } of [slow, dead, swift]) await addEndpoint(rig, { target: url });
  await rig.start("worker");
  const told = await tell(rig, 50, "connection.created");
  await all("the swift one has all", () => swift.received.length === 50, 2500);
  expect(new Set(idsOf(swift.received))).toEqual(new Set(told));
  expect(slow.received.length).toBeLessThanOrEqual(4);
  const start = Date.now();
  await tell(rig, 1, "connection.created");
  await all("and the next one at once", () => swift.received.length === 51, 1500);
  expect(Date.now() - start).toBeLessThan(1500);
});

test("attempts end: the delivery is failed, can be replayed under its id, and 410 switches the endpoint off", async () => {
  const rig = await createRig({ env: { ...env, NOTIFY_ATTEMPTS: "3" } });
  const receiver = await startReceiver();
  const { id } = await addEndpoint(rig, { target: receiver.url });
  const worker = await rig.start("worker");
  receiver.reply({ status: 500 });
  const [event] = await tell(rig, 1, "connection.created");
  const failed = await until("it is given up", async () =>
    (await deliveriesOf(rig, id)).find((d) => d.status === "failed"),
  );
  expect(failed).toMatchObject({ attempts: 3, httpStatus: 500, error: "HTTP 500", eventId: event });
  expect(receiver.received).toHaveLength(3);
  expect(worker.output()).not.toContain("an answer's body");
  receiver.reply({ status: 200 });
  expect(await replayDelivery(rig.pool, "999999")).toBe(false);
  expect(await replayDelivery(rig.pool, failed.id)).toBe(true);
  await nudgeDelivery(rig.queues);
  await until("it is delivered", async () => (await deliveriesOf(rig, id))[0]?.status === "delivered");
  expect(new Set(idsOf(receiver.received))).toEqual(new Set([event]));
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);

  receiver.reply({ status: 410 });
  await tell(rig, 1, "connection.created");
  await until("it is switched off", async () => {
    const { rows } = await rig.pool.query("SELECT enabled FROM webhook_endpoints WHERE id = $1", [id]);
    return rows[0].enabled === false;
  });
});

test("kill -9 in the middle of deliveries loses none", async () => {
  const rig = await createRig({ env: { ...env, JOB_LOCK_MS: "1500", JOB_STALLED_CHECK_MS: "500" } });
  const receiver = await startReceiver();
  const { id } = await addEndpoint(rig, { target: receiver.url });
  const first = await rig.start("worker");
  receiver.reply("silence");
  const told = await tell(rig, 30, "connection.created");
  await all("some are on the wire", () => receiver.received.length > 0);
  await first.stop("SIGKILL");
  receiver.reply({ status: 200 });
  await rig.start("worker");
  await until(
    "all are delivered",
    async () => {
      const deliveries = await deliveriesOf(rig, id);
      return deliveries.length === 30 && deliveries.every(({ status }) => status === "delivered");
    },
    20_000,
  );
  expect(new Set(idsOf(receiver.received))).toEqual(new Set(told));
  // Only what was on the wire may come twice.
  expect(receiver.received.length).toBeLessThanOrEqual(34);
});

test("an emptied Redis loses no delivery: the next nudge finds it in Postgres", async () => {
  const rig = await createRig({ env });
  const receiver = await startReceiver();
  const { id } = await addEndpoint(rig, { target: receiver.url });
  const worker = await rig.start("worker");
  await receiver.down();
  await tell(rig, 5, "connection.created");
  await until("it was tried", async () => (await deliveriesOf(rig, id)).some(({ attempts }) => attempts > 0));
  await worker.stop();
  await rig.queues.fixed("notifications").obliterate({ force: true });
  await receiver.up();
  await rig.start("worker");
  await nudgeDelivery(rig.queues);
  await all("all came", () => new Set(idsOf(receiver.received)).size === 5);
});

test("without permission a private address and plain http are refused, and nothing is sent", async () => {
  const rig = await createRig({
    env: { ...env, EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "false", EVERTOKEN_GENERIC_PROVIDERS: "" },
  });
  const receiver = await startReceiver();
  const plain = await addEndpoint(rig, { target: receiver.url });
  const disguised = await addEndpoint(rig, { target: receiver.url.replace("http:", "https:") });
  await rig.start("worker");
  await tell(rig, 1, "connection.created");
  const errorOf = async (id: string) => (await deliveriesOf(rig, id))[0]?.error;
  expect(await until("the first is refused", () => errorOf(plain.id))).toBe("the address is not https");
  expect(await until("the second is refused", () => errorOf(disguised.id))).toBe("the address is a private one");
  expect(receiver.received).toHaveLength(0);
});
