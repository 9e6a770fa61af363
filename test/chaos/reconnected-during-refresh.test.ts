import { expect, test } from "vitest";
import {
  createChaosRig,
  expectHealthy,
  expectNoToken,
  generationReached,
  logged,
  storedRefreshToken,
} from "./chaos.ts";

test("a user reconnects while a refresh is under way: the newer token set wins and is the next to be spent", async () => {
  const rig = await createChaosRig();
  const worker = await rig.start("worker");
  const userId = "user-reconnecting";
  const first = await rig.connect({ userId, externalAccountId: "account" });
  const gate = await rig.server.hold({ family: first.family });
  await rig.client.scheduleNow(first.id);
  await rig.server.holding({ id: gate });

  const second = await rig.connect({ userId, externalAccountId: "account" });
  expect(second).toMatchObject({ id: first.id, generation: 2 });
  await rig.server.release(gate);
  await logged(worker, '"committed":"superseded"');
  const late = { outcome: "granted", success: false, generation: 1, message: expect.stringContaining("superseded") };
  expect(await rig.log(first.id)).toMatchObject([late]);
  expect(await storedRefreshToken(rig, first.id)).toBe(second.refreshToken);
  await expectHealthy(rig, first, 2);

  await rig.client.scheduleNow(first.id);
  await generationReached(rig, first.id, 3);
  await expectHealthy(rig, first, 3);
  expect(await rig.server.presentations({ token: second.refreshToken })).toHaveLength(1);
  expect(await rig.server.presentations({ family: first.family })).toHaveLength(1);
  expect(await rig.server.summary()).toMatchObject({ requests: 2, granted: 2, reuse: 0 });
  expect(await worker.stop()).toBe(0);
  expectNoToken(worker.output());
});
