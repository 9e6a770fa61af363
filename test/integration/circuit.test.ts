import { expect, test } from "vitest";
import { attempts, comesDue, events, patch } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty, type Rig, type Row, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

const probing = { ...hasty, CIRCUIT_PROBE_MS: "600", REFRESH_CONCURRENCY: "20" };

async function circuit({ pool }: Rig): Promise<Row | undefined> {
  return (await pool.query<Row>("SELECT * FROM circuits")).rows[0];
}

/** What a fault of ours must leave as it was. */
async function marks({ pool }: Rig): Promise<Row[]> {
  const { rows } = await pool.query<Row>(
    `SELECT id, status, generation, failing_since, consecutive_failures, lost_answers, last_error_code, last_error_message,
       access_token, refresh_token, lease_owner FROM connections ORDER BY id`,
  );
  return rows;
}

/** So many connections that are all due now. */
async function connectDue(rig: Rig, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await rig.connect({ expiresIn: 1800 })).id);
  await rig.pool.query("UPDATE connections SET next_refresh_at = now()");
  await Promise.all(ids.map(async (id) => (await rig.queues.refreshQueue(rig.provider).getJob(`${id}-1`))?.promote()));
  return ids;
}

test("a wrong secret marks none of a hundred connections, is told once, and a probe mends it when the provider takes it again", async () => {
  const rig = await createRig({ env: probing });
  await rig.server.setClient({ id: "client", secret: "another secret" });
  await connectDue(rig, 100);
  const before = await marks(rig);
  const worker = await rig.start("worker");
  await until("the circuit is open", async () => (await circuit(rig))?.open);
  await until(
    "some probes have failed",
    async () => (await circuit(rig))?.next_probe_at > Date.now() && (await rig.server.summary()).requests > 22,
  );

  // Those under way when it opened, and one probe each 600 ms: not a hundred, let alone a hundred each time.
  const { requests, client_rejected } = await rig.server.summary();
  expect(requests).toBe(client_rejected);
  expect(requests).toBeLessThan(40);
  await rig.server.idle();
  const during = await until("no lease is out", async () => {
    const rows = await marks(rig);
    return rows.every((row) => row.lease_owner === null) && rows;
  });
  expect(during).toEqual(before);
  expect((await events(rig)).filter((event) => event === "provider.circuit_opened")).toHaveLength(1);
  const alerts = worker.lines().filter(({ msg }) => msg === "event provider.circuit_opened");
  expect(alerts).toMatchObject([{ level: 50, provider: "acme" }]);
  expect(await rig.client.getAccessToken(before[0]?.id)).toMatchObject({ warning: null });

  await rig.server.setClient({ id: "client", secret: "client-secret" });
  await until("all are refreshed", async () => (await rig.server.summary()).granted === 100, 20_000);
  expect(await circuit(rig)).toMatchObject({ open: false });
  await until(
    "it is told",
    async () => (await events(rig)).filter((event) => event.startsWith("provider.")).length === 2,
  );
  expect((await events(rig)).filter((event) => event.startsWith("provider."))).toEqual([
    "provider.circuit_opened",
    "provider.circuit_closed",
  ]);
  expect(await rig.server.summary()).toMatchObject({ reuse: 0, overlapping: 0 });
});

test("a worker that starts with the right secret closes the circuit at once", async () => {
  const rig = await createRig();
  await rig.server.setClient({ id: "client", secret: "renewed" });
  const { id } = await rig.connect();
  const old = await rig.start("worker");
  await comesDue(rig, id);
  await attempts(rig, id, 1);
  expect(await circuit(rig)).toMatchObject({ open: true });
  await old.stop();

  await rig.start("worker", { ACME_CLIENT_SECRET: "renewed" });
  expect(await circuit(rig)).toMatchObject({ open: false });
  await rig.queues.bringForward({ id, provider: "acme", generation: 1 }, {});
  expect(await attempts(rig, id, 2)).toMatchObject([
    { outcome: "misconfigured", error_code: "invalid_client" },
    { outcome: "granted" },
  ]);
  expect(await events(rig)).toEqual(["connection.created", "provider.circuit_opened", "provider.circuit_closed"]);
});

test("one connection whose token is of another client ends as error; the others go on", async () => {
  const rig = await createRig({ env: probing });
  const odd = await rig.connect();
  await rig.server.behave(lies.invalidClient, { family: odd.family });
  await rig.start("worker");
  await comesDue(rig, odd.id);
  await until("the circuit is open", async () => (await circuit(rig))?.open);
  const others = await Promise.all(Array.from({ length: 10 }, () => rig.connect()));
  for (const { id } of others) await comesDue(rig, id);

  await until("the odd one is marked", async () => (await rig.row(odd.id)).status === "error", 20_000);
  await until("the others are refreshed", async () => {
    const rows = await Promise.all(others.map(({ id }) => rig.row(id)));
    return rows.every(({ generation }) => generation === 2);
  });
  expect(await rig.row(odd.id)).toMatchObject({ last_error_code: "invalid_client", refresh_token: expect.any(String) });
  expect(await circuit(rig)).toMatchObject({ open: false });
  expect(await events(rig, odd.id)).toEqual(["connection.created", "token.refresh_failed"]);
  // The one probe an hour does not open the circuit again.
  await patch(rig, odd.id, "next_refresh_at = now()");
  const before = (await rig.log(odd.id)).length;
  await rig.client.scheduleNow(odd.id);
  await attempts(rig, odd.id, before + 1);
  expect(await circuit(rig)).toMatchObject({ open: false });
});

test("an attempt that was lost is judged while the circuit is open, and takes no probe from others", async () => {
  const rig = await createRig({ env: { ...hasty, CIRCUIT_PROBE_MS: "600000" } });
  const [refused, lost] = [await rig.connect(), await rig.connect()];
  await rig.server.setClient({ id: "client", secret: "another secret" });
  await rig.client.refresh(refused.id, { force: true });
  expect(await circuit(rig)).toMatchObject({ open: true });
  const dead = "lease_owner = 'a dead process', lease_until = now() - interval '1 second', lease_started_at = now()";
  await patch(rig, lost.id, dead);
  // Its probe is due, so it could be had.
  await rig.pool.query("UPDATE circuits SET next_probe_at = now() - interval '1 second'");
  const before = await circuit(rig);
  const { engine } = engineOf(rig.env);
  const order = { connectionId: lost.id, trigger: "scheduled", generation: 1, onlyDue: false, force: false } as const;
  await until("it is judged", async () => (await engine.runRefresh(order)).kind === "settled", 5000);
  expect(await rig.log(lost.id)).toMatchObject([{ outcome: "uncertain" }]);
  expect(await circuit(rig)).toEqual(before);
  expect(await rig.server.summary()).toMatchObject({ requests: 1 });
});
