import { expect, test } from "vitest";
import { createChaosRig, expectHealthy, expectNoToken } from "./chaos.ts";

const inFlight = 20;

test("SIGTERM with refreshes in flight: all of them finish and commit, and nothing is asked twice after the restart", async () => {
  const rig = await createChaosRig({ env: { REQUEST_TIMEOUT_MS: "10000", LEASE_MS: "25000", SHUTDOWN_MS: "15000" } });
  const worker = await rig.start("worker");
  const connections = await Promise.all(Array.from({ length: inFlight }, () => rig.connect()));
  const gate = await rig.server.hold();
  await Promise.all(connections.map(({ id }) => rig.client.scheduleNow(id)));
  await rig.server.holding({ id: gate, atLeast: inFlight });
  const told = Date.now();
  const stopping = worker.stop("SIGTERM");
  // Due now, but this worker takes nothing new.
  const late = await rig.connect();
  await rig.client.scheduleNow(late.id);
  expect(worker.child.exitCode).toBeNull();
  await rig.server.release(gate);
  expect(await stopping).toBe(0);
  console.log(`worker-stopped: ${inFlight} in flight, out ${Date.now() - told} ms after SIGTERM`);
  for (const connection of connections) await expectHealthy(rig, connection, 2);

  const restarted = await rig.start("worker");
  await expect.poll(async () => (await rig.row(late.id)).generation, { timeout: 15_000 }).toBe(2);
  expect(await rig.server.summary()).toMatchObject({ requests: inFlight + 1, granted: inFlight + 1, repeated: 0 });
  expect(await restarted.stop()).toBe(0);
  expectNoToken(worker.output(), restarted.output());
});
