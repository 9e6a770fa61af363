import { clientOf } from "@evertoken/providers";
import { expect, test } from "vitest";
import { events, patch } from "../support/drive.ts";
import { type Connected, createRig, hasty, type Rig, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

const probeMs = 1000;
const probing = { ...hasty, CIRCUIT_PROBE_MS: String(probeMs), REFRESH_CONCURRENCY: "20", DATABASE_POOL: "4" };

const connectMany = (rig: Rig, count: number) => Promise.all(Array.from({ length: count }, () => rig.connect()));

async function comeDue(rig: Rig, connections: readonly Connected[]): Promise<void> {
  const ids = connections.map(({ id }) => id);
  await rig.pool.query("UPDATE connections SET next_refresh_at = now() WHERE id = ANY($1::uuid[])", [ids]);
  await Promise.all(ids.map(async (id) => (await rig.queues.refreshQueue(rig.provider).getJob(`${id}-1`))?.promote()));
}

const rowsOf = (rig: Rig, connections: readonly Connected[]) => Promise.all(connections.map(({ id }) => rig.row(id)));

const circuitEvents = async (rig: Rig) => (await events(rig)).filter((event) => event.startsWith("provider."));

const refreshed = (rig: Rig, connections: readonly Connected[], intervals: number) =>
  until(
    "all healthy ones are refreshed",
    async () => (await rowsOf(rig, connections)).every(({ generation }) => generation > 1),
    intervals * probeMs,
  );

test.each([
  [2, 28],
  [15, 15],
])("%i accounts of another client do not hold up %i others, and each is marked by itself", async (bad, good) => {
  const rig = await createRig({ env: probing });
  const odd = await connectMany(rig, bad);
  const healthy = await connectMany(rig, good);
  for (const { family } of odd) await rig.server.behave(lies.invalidClient, { family });
  await rig.start("worker");
  await comeDue(rig, odd);
  await until(
    "the circuit is open",
    async () => (await rig.pool.query("SELECT FROM circuits WHERE open")).rowCount === 1,
  );
  await comeDue(rig, healthy);
  await refreshed(rig, healthy, 12);
  for (const { status } of await rowsOf(rig, healthy)) expect(status).toBe("connected");
  await until(
    "each odd one is marked",
    async () => (await rowsOf(rig, odd)).every(({ status }) => status === "error"),
    20 * probeMs,
  );
  expect((await rig.pool.query("SELECT FROM circuits WHERE open")).rowCount).toBe(0);
  const told = await circuitEvents(rig);
  expect(told).toEqual(told.map((_, i) => `provider.circuit_${i % 2 === 0 ? "opened" : "closed"}`));
  expect(told.length).toBeLessThanOrEqual(8);
});

test("old and new secret side by side: the old one's circuit opens once, and holds nobody who has the new one", async () => {
  const rig = await createRig({ env: probing });
  await rig.server.setClient({ id: "client", secret: "client-secret" });
  const connections = await connectMany(rig, 6);
  await rig.start("worker");
  await rig.start("worker", { ACME_CLIENT_SECRET: "the old one" });
  await comeDue(rig, connections);
  // Each time that one comes, either process may take it.
  await refreshed(rig, connections, 25);
  await until("the old secret was refused", async () => (await rig.server.summary()).client_rejected > 0);
  const told = await circuitEvents(rig);
  expect(told).toEqual(["provider.circuit_opened"]);
});

test("grants of an old client id hold up none of the new one's", async () => {
  const rig = await createRig({ env: probing });
  const old = await connectMany(rig, 8);
  for (const { id, family } of old) {
    await rig.server.behave(lies.invalidGrant, { family });
    await patch(rig, id, "client = 'the old client id'");
  }
  await rig.start("worker");
  await comeDue(rig, old);
  await until(
    "the circuit is open",
    async () => (await rig.pool.query("SELECT FROM circuits WHERE open")).rowCount === 1,
  );
  const users = await connectMany(rig, 3);
  const client = clientOf({ clientId: "client", clientSecret: "client-secret" });
  for (const { id } of users) await patch(rig, id, "client = $2", [client]);
  await comeDue(rig, users);
  await refreshed(rig, users, 3);
  for (const row of await rowsOf(rig, old)) expect(row).toMatchObject({ status: "connected", last_error_code: null });
  expect(await circuitEvents(rig)).toEqual(["provider.circuit_opened"]);
});

/** An odd one has just opened the circuit, and a healthy one is due before the next interval is over. */
async function openedByOne(probeDueSince: string) {
  const rig = await createRig({ env: { ...probing, CIRCUIT_PROBE_MS: "60000" } });
  const [odd, healthy] = (await connectMany(rig, 2)) as [Connected, Connected];
  await rig.server.behave(lies.invalidClient, { family: odd.family });
  const ask = async ({ id }: Connected) => {
    await rig.client.refresh(id).catch(() => undefined);
    return (await rig.log(id)).map(({ outcome }) => outcome);
  };
  expect(await ask(odd)).toEqual(["misconfigured"]);
  await patch(rig, odd.id, "not_before = NULL, next_refresh_at = now()");
  await patch(rig, healthy.id, "next_refresh_at = now() + interval '30 seconds'");
  await rig.pool.query("UPDATE circuits SET next_probe_at = now() - $1::interval WHERE open", [probeDueSince]);
  return { rig, odd, healthy, ask };
}

test("one that was asked already is not asked again while another one is due before the next probe", async () => {
  const { rig, odd, healthy, ask } = await openedByOne("1 second");
  expect(await ask(odd)).toEqual(["misconfigured"]);
  expect(await ask(healthy)).toEqual(["granted"]);
  expect(await circuitEvents(rig)).toEqual(["provider.circuit_opened", "provider.circuit_closed"]);
});

test("one that was asked already is asked when nobody else comes for an interval", async () => {
  const { odd, ask } = await openedByOne("61 seconds");
  expect(await ask(odd)).toEqual(["misconfigured", "misconfigured"]);
});
