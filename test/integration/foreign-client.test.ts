import { completeConnect } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import { begin, consent, createConnectRig } from "../support/connect-rig.ts";
import { comesDue, patch } from "../support/drive.ts";
import { createRig, hasty, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

test("a deployment with another client id marks nobody dead, and the right one goes on", async () => {
  const rig = await createRig({ env: hasty });
  const connections = await Promise.all(Array.from({ length: 5 }, () => rig.connect()));
  const right = await rig.start("worker");
  for (const { id } of connections) await comesDue(rig, id);
  const allAt = (generation: number) => async () =>
    (await Promise.all(connections.map(({ id }) => rig.row(id)))).every((row) => row.generation >= generation);
  await until("each was refreshed once", allAt(2));
  await right.stop();

  // As providers answer another client's refresh token (RFC 6749 section 5.2).
  await rig.server.behave(lies.invalidGrant);
  const wrong = await rig.start("worker", { ACME_CLIENT_ID: "staging" });
  for (const { id } of connections) await comesDue(rig, id);
  await until("the circuit opened", async () => {
    const { rows } = await rig.pool.query("SELECT reason FROM circuits WHERE open");
    return rows[0]?.reason?.includes("another client id");
  });
  await wrong.stop();
  for (const { id } of connections) {
    expect(await rig.row(id)).toMatchObject({ status: "connected", last_error_code: null, generation: 2 });
  }
  const { rows: told } = await rig.pool.query("SELECT event FROM outbox WHERE event <> 'connection.created'");
  expect(told).toEqual([{ event: "provider.circuit_opened" }]);

  await rig.server.behave({ kind: "honest" });
  await rig.start("worker");
  for (const { id } of connections) await rig.client.scheduleNow(id);
  await until("all go on", allAt(3), 20_000);
});

test("a grant that was never refreshed is known to be another client id's as well, after connecting and reconnecting", async () => {
  const rig = await createConnectRig(hasty);
  const first = await completeConnect(rig.engine, await consent(await begin(rig.engine)));
  // Imported without a word on whose account it is, so that any may reconnect it; `client` as another deployment would have left it.
  const { id } = await rig.connect({ userId: "u", externalAccountId: "default" });
  await patch(rig, id, "client = 'another'");
  const again = await completeConnect(rig.engine, await consent(await begin(rig.engine, { connectionId: id })));
  expect(again).toMatchObject({ kind: "connected", reconnected: true, connectionId: id });
  if (first.kind !== "connected") throw new Error(first.kind);
  const { client } = await rig.row(first.connectionId);
  expect(client).toMatch(/^[0-9a-f]+$/);
  expect(await rig.row(id)).toMatchObject({ client, generation: 2 });

  await rig.server.behave(lies.invalidGrant);
  await rig.start("worker", { ACME_CLIENT_ID: "staging" });
  await comesDue(rig, first.connectionId);
  await until("the circuit opened", async () => {
    const { rows } = await rig.pool.query("SELECT reason FROM circuits WHERE open");
    return rows[0]?.reason?.includes("another client id");
  });
  expect(await rig.row(first.connectionId)).toMatchObject({ status: "connected", last_error_code: null });
});
