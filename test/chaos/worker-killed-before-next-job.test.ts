import { expect, test } from "vitest";
import { until } from "../support/rig.ts";
import { createChaosRig, expectHealthy, expectNoToken, generationReached, proxyTo, swallowAt } from "./chaos.ts";

test("a commit without its next job: whoever runs the old job again adds it, and asks the provider nothing", async () => {
  const rig = await createChaosRig();
  const { proxy, url } = await proxyTo(rig.env.REDIS_URL as string);
  const doomed = await rig.start("worker", { REDIS_URL: url });
  const connection = await rig.connect();
  const adding = swallowAt(proxy, `${connection.id}-2`);
  await rig.client.scheduleNow(connection.id);
  await adding;
  await generationReached(rig, connection.id, 2);
  await doomed.stop("SIGKILL");
  proxy.cut();
  expect(await rig.job({ id: connection.id, generation: 2 })).toBeNull();

  const next = await rig.start("worker");
  await expectHealthy(rig, connection, 2);
  await until("the old job is done with", async () => (await rig.job(connection))?.state === "completed");
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });
  expect(await next.stop()).toBe(0);
  expectNoToken(doomed.output(), next.output());
});
