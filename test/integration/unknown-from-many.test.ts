import { expect, test } from "vitest";
import { attempts, comesDue, events } from "../support/drive.ts";
import { type Connected, createRig, hasty, type Rig, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

const circuit = async ({ pool }: Rig) => (await pool.query("SELECT open, code, reason FROM circuits")).rows[0] ?? null;

const rowsOf = (rig: Rig, connections: readonly Connected[]) => Promise.all(connections.map(({ id }) => rig.row(id)));

const connectMany = (rig: Rig, count: number) => Promise.all(Array.from({ length: count }, () => rig.connect()));

test("an odd answer to many in the same moment, in several workers, opens the circuit and leaves nobody marked", async () => {
  const rig = await createRig({ env: hasty });
  const connections = await connectMany(rig, 12);
  await rig.server.behave(lies.redirect());
  await Promise.all([rig.start("worker"), rig.start("worker")]);
  await Promise.all(connections.map(({ id }) => comesDue(rig, id)));
  const open = await until("the circuit is open", async () => ((await circuit(rig))?.open ? circuit(rig) : null));
  expect(open).toMatchObject({ code: "unknown_answer", reason: expect.stringContaining("HTTP 302") });
  await until("every attempt has ended", async () =>
    (await rowsOf(rig, connections)).every(({ lease_owner }) => lease_owner === null),
  );
  expect((await rowsOf(rig, connections)).map(({ status }) => status)).toEqual(connections.map(() => "connected"));

  const first = connections[0] as Connected;
  const served = await rig.client.getAccessToken(first.id, { minTtlSeconds: 86_400 });
  expect(served).toMatchObject({ accessToken: first.accessToken, warning: { code: "unknown_answer" } });

  await rig.server.behave({ kind: "honest" });
  await until("all are refreshed", async () => {
    const behind = (await rowsOf(rig, connections)).filter(({ generation }) => generation === 1);
    await Promise.all(behind.map(({ id }) => rig.client.scheduleNow(id)));
    return behind.length === 0;
  });
  const told = (await events(rig)).filter((event) => event.startsWith("provider."));
  expect(told).toEqual(["provider.circuit_opened", "provider.circuit_closed"]);
  for (const { id } of connections) {
    const own = await events(rig, id);
    const changes = own.filter((event) => event === "token.refresh_failed" || event === "connection.recovered");
    expect(changes.length % 2, "whoever was marked for a moment was told that it is over").toBe(0);
  }
});

test("odd answers to a few accounts among many that are granted stay their own", async () => {
  const rig = await createRig({ env: hasty });
  const odd = await connectMany(rig, 5);
  for (const { family } of odd) await rig.server.behave(lies.redirect(), { family });
  await rig.start("worker");
  const first = odd[0] as Connected;
  await comesDue(rig, first.id);
  await attempts(rig, first.id, 1);
  const even = await connectMany(rig, 6);
  await Promise.all(even.map(({ id }) => comesDue(rig, id)));
  await until("the others are granted", async () =>
    (await rowsOf(rig, even)).every(({ generation }) => generation === 2),
  );

  for (const { id } of odd.slice(1)) await comesDue(rig, id);
  for (const { id } of odd) await attempts(rig, id, 1);
  for (const row of await rowsOf(rig, odd)) {
    expect(row).toMatchObject({ status: "error", last_error_code: "unknown_answer" });
  }
  expect(await circuit(rig)).toBeNull();
});
