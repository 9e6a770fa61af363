import { expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { until } from "../support/rig.ts";
import { createChaosRig, expectHealthy, generationReached, outcomes, proxyTo } from "./chaos.ts";

test.concurrent("a worker that stood still between its claim and its request leaves a token that others have spent", async () => {
  const rig = await createChaosRig();
  const postgres = await proxyTo(rig.env.DATABASE_URL as string);
  const frozen = await rig.start("worker", { DATABASE_URL: postgres.url });
  const connection = await rig.connect();
  postgres.proxy.intercept((direction, data) => {
    // The claim goes out, its answer waits in the socket of a process that stands still.
    if (direction === "toTarget" && data.includes("claim-take")) frozen.child.kill("SIGSTOP");
    return "pass";
  });
  await patch(rig, connection.id, "expires_at = now() - interval '1 minute', next_refresh_at = now()");
  await rig.client.scheduleNow(connection.id);
  await until("the lease is taken", async () => (await rig.row(connection.id)).lease_owner !== null);

  const other = await rig.start("worker");
  await generationReached(rig, connection.id, 2);
  postgres.proxy.intercept(undefined);
  frozen.child.kill("SIGCONT");
  await until("the frozen one came to its request", async () => frozen.output().includes("stood still"), 15_000);
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1, reuse: 0 });
  expect(await frozen.stop()).toBe(0);
  await expectHealthy(rig, connection, 2);
  expect(await other.stop()).toBe(0);
});

test.concurrent("an answer that came while the worker stood still, long beyond its deadline, is stored", async () => {
  const rig = await createChaosRig({ env: { REQUEST_TIMEOUT_MS: "1000", LEASE_MS: "20000" } });
  const worker = await rig.start("worker");
  const connection = await rig.connect();
  const gate = await rig.server.hold();
  await rig.client.scheduleNow(connection.id);
  await rig.server.holding({ id: gate });
  worker.child.kill("SIGSTOP");
  await rig.server.release(gate);
  await rig.server.idle();
  await new Promise((resolve) => setTimeout(resolve, 2500)); // the time that passes is the fault itself
  worker.child.kill("SIGCONT");
  await generationReached(rig, connection.id, 2);
  await expectHealthy(rig, connection, 2);
  expect(await outcomes(rig, connection.id)).toEqual(["granted"]);
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1, answersLost: 0 });
  expect(await worker.stop()).toBe(0);
});
