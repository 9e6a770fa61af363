import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createEvertoken } from "@evertoken/engine";
import { completeConnect, disconnectAndRevoke } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import { launcher } from "../e2e/evertoken-command.ts";
import { startApi } from "../integration/api-harness.ts";
import { closedPort } from "../support/closed-port.ts";
import { begin, consent, createConnectRig } from "../support/connect-rig.ts";
import { patch } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { inherited } from "../support/inherited.ts";
import { programFile } from "../support/programs.ts";
import { createRig, type Env, hasty, type Rig, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { expectHealthy, expectNoToken } from "./chaos.ts";

const expired = (rig: Rig, id: string) =>
  patch(rig, id, "expires_at = now() - interval '1 minute', next_refresh_at = now()");

test("a client that is closed during a refresh ends and commits it, and takes nothing new", async () => {
  const rig = await createRig();
  const client = createEvertoken({ settings: rig.env });
  const connection = await rig.connect();
  const { id } = connection;
  const other = await rig.connect();
  await expired(rig, id);
  const gate = await rig.server.hold();
  const asking = client.getAccessToken(id);
  await rig.server.holding({ id: gate });
  const closed = client.close();
  expect(client.close()).toBe(closed);
  const refusal = { code: "closing" };
  await expect(client.refresh(other.id)).rejects.toMatchObject(refusal);
  await expect(client.withAccessToken(other.id, async () => 1)).rejects.toMatchObject(refusal);
  await expect(client.connections.disconnect(other.id)).rejects.toMatchObject(refusal);
  await expect(client.refreshAllExpiring({ withinMs: null })).rejects.toMatchObject(refusal);
  await rig.server.release(gate);
  expect(await asking).toMatchObject({ generation: 2, warning: null });
  await closed;
  await expectHealthy(rig, connection, 2);
  await expect(client.tokenStatus(id)).rejects.toMatchObject(refusal);
});

test("what cannot end is not waited for longer than SHUTDOWN_MS", async () => {
  const rig = await createRig({ env: { SHUTDOWN_MS: "500" } });
  const client = createEvertoken({ settings: rig.env });
  const { id } = await rig.connect();
  await rig.server.hold();
  const asking = client.refresh(id).catch((error) => error);
  await rig.server.holding();
  const since = Date.now();
  await client.close();
  expect(Date.now() - since).toBeLessThan(3000);
  await rig.server.release();
  await asking;
});

test("a code that is being exchanged becomes a connection, and a grant that is being revoked is revoked", async () => {
  const rig = await createConnectRig();
  const answer = await consent(await begin(rig.engine));
  const gate = await rig.server.hold();
  const connecting = completeConnect(rig.engine, answer);
  await rig.server.holding({ id: gate });
  const closed = rig.engine.close();
  await rig.server.release(gate);
  expect(await connecting).toMatchObject({ kind: "connected" });
  await closed;

  const { engine } = engineOf(rig.env);
  const { id } = await rig.connect();
  await rig.server.configure({ latencyMs: 300 });
  const disconnecting = disconnectAndRevoke(engine, id);
  await engine.close();
  expect(await disconnecting).toEqual({ disconnected: true, revoked: "yes" });
});

test("the API, told to stop when its caller has gone, ends the refresh", async () => {
  const { app, url, adminKey, rig } = await startApi();
  const connection = await rig.connect();
  await expired(rig, connection.id);
  const gate = await rig.server.hold();
  const caller = new AbortController();
  const headers = { authorization: `Bearer ${adminKey}` };
  const asking = fetch(`${url}/v1/connections/${connection.id}/token`, { headers, signal: caller.signal });
  await rig.server.holding({ id: gate });
  caller.abort();
  await asking.catch(() => undefined);
  const stopped = app.stop();
  await until("it takes no calls any more", () =>
    fetch(`${url}/healthz`).then(
      () => false,
      () => true,
    ),
  );
  await rig.server.release(gate);
  expect(await stopped).toBe(0);
  await expectHealthy(rig, connection, 2);
  expectNoToken(app.output());
});

async function interruptedRefresh() {
  const rig = await createRig();
  const connection = await rig.connect();
  const gate = await rig.server.hold();
  const env = { ...inherited(), ...rig.env };
  const child = spawn(process.execPath, [launcher, "refresh", connection.id], { env });
  onFileEnd(async () => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  await rig.server.holding({ id: gate });
  child.kill("SIGINT");
  await until("it says that it waits", async () => stderr.includes("what runs finishes first"));
  return { rig, connection, child, exit: once(child, "exit") };
}

test("Ctrl-C in `evertoken refresh` waits for what runs", async () => {
  const { rig, connection, exit } = await interruptedRefresh();
  await rig.server.release();
  expect(await exit).toEqual([130, null]);
  await expectHealthy(rig, connection, 2);
});

test("a second Ctrl-C does not wait", async () => {
  const { rig, child, exit } = await interruptedRefresh();
  const again = setInterval(() => child.kill("SIGINT"), 200);
  expect(await exit).toEqual([130, null]);
  clearInterval(again);
  await rig.server.release();
});

test.each(["worker", "scheduler", "api", "dashboard"] as const)(
  "a %s is stopped in the midst of its start",
  async (app) => {
    const rig = await createRig();
    const env: Env = {
      ...rig.env,
      REDIS_URL: `redis://127.0.0.1:${await closedPort()}`,
      EVERTOKEN_API_KEY: "k".repeat(40),
    };
    Object.assign(env, { DASHBOARD_PASSWORD: "a long password", LOG_LEVEL: "trace" });
    for (const name of ["WORKER", "SCHEDULER", "API", "DASHBOARD"]) env[`${name}_PORT`] = "0";
    const child = spawn(process.execPath, [programFile(app)], { env: { ...inherited(), ...env } });
    onFileEnd(async () => child.kill("SIGKILL"));
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    expect(await once(child, "exit", { signal: AbortSignal.timeout(8000) })).toEqual([0, null]);
  },
);

test("a start that fails half way ends what it has begun", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  onFileEnd(async () => taken.close());
  const rig = await createRig({ env: hasty });
  const connection = await rig.connect();
  await rig.server.configure({ latencyMs: 1000 });
  await expired(rig, connection.id);
  await rig.client.scheduleNow(connection.id);
  const { port } = taken.address() as { port: number };
  await expect(rig.start("worker", { WORKER_PORT: String(port) })).rejects.toThrow(/ended with 1[\s\S]*EADDRINUSE/);
  // Whether or not its one job was taken in that moment: nothing was cut off.
  expect(await rig.row(connection.id)).toMatchObject({ lease_owner: null, status: "connected" });
  const { requests, granted } = await rig.server.summary();
  expect((await rig.row(connection.id)).generation).toBe(1 + granted);
  expect(requests).toBe(granted);
});
