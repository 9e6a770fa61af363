import { completeConnect, fromEngine, registrations } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import { begin, consent, createConnectRig } from "../support/connect-rig.ts";
import { attempts, comesDue, moveTo, patch } from "../support/drive.ts";
import { hasty } from "../support/rig.ts";

const white = { provider: "acme", name: "white-label", clientId: "white", clientSecret: "canary-white-secret" };

test("a connection of a stored registration is connected, refreshed and revoked with it", async () => {
  const rig = await createConnectRig();
  const { engine, server } = rig;
  const saved = await registrations.save(engine, white);
  expect(saved).toMatchObject({ provider: "acme", name: "white-label", clientId: "white", hasSecret: true });
  expect(await registrations.list(engine)).toEqual([saved]);
  const { rows } = await rig.pool.query("SELECT * FROM client_registrations");
  expect(JSON.stringify([rows, await registrations.list(engine)])).not.toContain("canary");
  expect(rows[0].client_secret).toMatch(/^v2\./);

  await server.setClient({ id: "white", secret: "canary-white-secret" });
  const flow = await begin(engine, { registration: "white-label" });
  expect(new URL(flow.url).searchParams.get("client_id")).toBe("white");
  const done = await completeConnect(engine, await consent(flow));
  const { connectionId } = done as { connectionId: string };
  expect(await rig.row(connectionId)).toMatchObject({ registration: "white-label" });
  expect(await rig.client.refresh(connectionId)).toMatchObject({ generation: 2 });
  await rig.start("worker");
  await comesDue(rig, connectionId);
  await attempts(rig, connectionId, 2);
  expect(await rig.row(connectionId)).toMatchObject({ status: "connected", generation: 3 });

  await expect(registrations.remove(engine, white)).rejects.toMatchObject({ code: "registration_in_use" });
  await rig.client.connections.disconnect(connectionId);
  await registrations.remove(engine, white);
  await expect(registrations.remove(engine, white)).rejects.toMatchObject({ code: "registration_not_found" });
  expect(await registrations.list(engine)).toEqual([]);
  expect(rig.engineOutput() + rig.clientOutput()).not.toContain("canary");
});

test("a circuit is one registration's alone, and closes when its secret is changed", async () => {
  const rig = await createConnectRig({ ...hasty, CIRCUIT_PROBE_MS: "60000" });
  const { engine, server } = rig;
  const client = fromEngine(engine);
  await registrations.save(engine, { ...white, clientSecret: "wrong" });
  const own = await rig.connect();
  const foreign = await rig.connect();
  await moveTo(rig, foreign.id, "white-label");
  await patch(rig, foreign.id, "expires_at = now()");
  await expect(client.refresh(foreign.id)).rejects.toMatchObject({ code: "invalid_client" });
  const { rows } = await rig.pool.query("SELECT * FROM circuits WHERE open");
  expect(rows).toMatchObject([{ provider: "acme", registration: "white-label" }]);
  const asked = (await server.summary()).requests;
  await expect(client.refresh(foreign.id)).rejects.toMatchObject({ code: "invalid_client" });
  expect((await server.summary()).requests).toBe(asked);
  expect(await rig.client.refresh(own.id)).toMatchObject({ generation: 2 });

  await registrations.save(engine, { ...white, clientId: "client", clientSecret: "client-secret" });
  expect((await rig.pool.query("SELECT 1 FROM circuits WHERE open")).rowCount).toBe(0);
  expect(await client.refresh(foreign.id)).toMatchObject({ generation: 2 });
});

test("a registration that cannot be read is nobody's fault: nothing is sent, and it is tried again", async () => {
  const rig = await createConnectRig(hasty);
  await registrations.save(rig.engine, { ...white, clientId: "client", clientSecret: "client-secret" });
  const { id } = await rig.connect();
  await moveTo(rig, id, "white-label");
  await rig.pool.query("ALTER TABLE client_registrations RENAME TO away");
  expect(await rig.client.refresh(id)).toMatchObject({ generation: 1, warning: { code: "provider_unavailable" } });
  expect(await rig.log(id)).toMatchObject([{ outcome: "unsent" }]);
  expect(await rig.row(id)).toMatchObject({ status: "connected", lease_owner: null });
  expect((await rig.server.summary()).requests).toBe(0);
  await rig.pool.query("ALTER TABLE away RENAME TO client_registrations");
  expect(await rig.client.refresh(id)).toMatchObject({ generation: 2 });
});

test("a registration that is gone is our fault, not the user's", async () => {
  const rig = await createConnectRig(hasty);
  const { id } = await rig.connect();
  await moveTo(rig, id, "gone");
  await patch(rig, id, "expires_at = now()");
  await expect(rig.client.refresh(id)).rejects.toMatchObject({ code: "invalid_client" });
  expect((await rig.row(id)).status).not.toBe("needs_reauth");
  await expect(begin(rig.engine, { registration: "gone" })).rejects.toMatchObject({ code: "invalid_client" });
  const imported = rig.client.connections.import({
    userId: "u",
    provider: "acme",
    accessToken: "x",
    registration: "gone",
  });
  await expect(imported).rejects.toMatchObject({ code: "invalid_input" });
});

test.each([
  [{ ...white, name: "default" }, "invalid_input"],
  [{ ...white, name: "Not A Name" }, "invalid_input"],
  [{ ...white, clientId: "" }, "invalid_input"],
  [{ ...white, clientSecret: "canary\0" }, "invalid_input"],
  [{ ...white, provider: "nowhere" }, "unknown_provider"],
  [{ ...white, provider: "github-pat" }, "invalid_input"],
])("%j is refused, and nothing is stored", async (input, code) => {
  const rig = await createConnectRig();
  const error = await registrations.save(rig.engine, input).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code });
  expect(String(error)).not.toContain("canary");
  expect((await rig.pool.query("SELECT 1 FROM client_registrations")).rowCount).toBe(0);
});
