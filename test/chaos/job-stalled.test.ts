import { expect, test } from "vitest";
import { until } from "../support/rig.ts";
import {
  createChaosRig,
  expectHealthy,
  expectNoToken,
  generationReached,
  logged,
  outcomes,
  rotations,
} from "./chaos.ts";

const takenOver = "a job was taken over from a dead worker";

test.concurrent("a job that runs twice spends its token once: the lease decides, not the queue's lock", async () => {
  const rig = await createChaosRig({
    env: { LEASE_MS: "12000", LEASE_RESERVE_MS: "1000", REQUEST_TIMEOUT_MS: "11000" },
  });
  const frozen = await rig.start("worker");
  const connection = await rig.connect();
  const gate = await rig.server.hold();
  await rig.client.scheduleNow(connection.id);
  await rig.server.holding({ id: gate });
  frozen.child.kill("SIGSTOP");

  const second = await rig.start("worker");
  await logged(second, takenOver);
  await until("the second run was told to wait", async () => (await rig.job(connection))?.state === "delayed");
  expect(await rig.server.summary()).toMatchObject({ requests: 1 });
  await rig.server.release(gate);
  frozen.child.kill("SIGCONT");

  await generationReached(rig, connection.id, 2);
  await expectHealthy(rig, connection, 2);
  await until(
    "the second run found nothing to do",
    async () => (await rig.job(connection))?.state === "completed",
    20_000,
  );
  expect(await outcomes(rig, connection.id)).toEqual(["granted"]);
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });
  expect(await frozen.stop()).toBe(0);
  expect(await second.stop()).toBe(0);
  expectNoToken(frozen.output(), second.output());
});

const lenient = rotations.filter(({ name }) => name !== "single_use");

test.concurrent.each(lenient)("who slept past the lease has nothing more to say ($name)", async (rotation) => {
  const rig = await createChaosRig({ rotation });
  const frozen = await rig.start("worker");
  const connection = await rig.connect();
  const gate = await rig.server.hold();
  await rig.client.scheduleNow(connection.id);
  await rig.server.holding({ id: gate });
  frozen.child.kill("SIGSTOP");
  await rig.server.release(gate);

  const second = await rig.start("worker");
  await generationReached(rig, connection.id, 2);
  frozen.child.kill("SIGCONT");
  await logged(frozen, '"committed":"superseded"');
  await expectHealthy(rig, connection, 2);
  expect((await outcomes(rig, connection.id)).slice(0, 2)).toEqual(["uncertain", "granted"]);
  expect(await rig.row(connection.id)).toMatchObject({ last_error_code: null, consecutive_failures: 0 });
  expect(await rig.server.summary()).toMatchObject({ requests: 2, reuse: 0 });
  expect(await frozen.stop()).toBe(0);
  expect(await second.stop()).toBe(0);
  expectNoToken(frozen.output(), second.output());
});
