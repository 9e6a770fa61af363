import { expect, test } from "vitest";
import { until } from "../support/rig.ts";
import {
  createChaosRig,
  expectHealthy,
  expectNoToken,
  generationReached,
  outcomes,
  proxyTo,
  rotations,
  swallowAt,
} from "./chaos.ts";

test.concurrent.each(rotations)("a worker dies with a new token set in its hands ($name)", async (rotation) => {
  const rig = await createChaosRig({ rotation });
  const { proxy, url } = await proxyTo(rig.env.DATABASE_URL as string);
  const doomed = await rig.start("worker", { DATABASE_URL: url });
  const connection = await rig.connect();
  const committing = swallowAt(proxy, "commit-grants");
  await rig.client.scheduleNow(connection.id);
  await committing;
  expect(await rig.server.summary()).toMatchObject({ granted: 1, answersLost: 0 });
  await doomed.stop("SIGKILL");
  proxy.cut();

  const next = await rig.start("worker");
  if (rotation.name === "single_use") {
    await until("the grant is dead", async () => (await rig.row(connection.id)).status === "needs_reauth", 20_000);
    expect(await outcomes(rig, connection.id)).toEqual(["uncertain", "denied"]);
    expect(await rig.server.summary()).toMatchObject({ requests: 2, reuse: 1 });
  } else {
    await generationReached(rig, connection.id, 2);
    await expectHealthy(rig, connection, 2);
    expect(await outcomes(rig, connection.id)).toEqual(["uncertain", "granted"]);
    expect(await rig.server.summary()).toMatchObject({ requests: 2, reuse: 0 });
  }
  expect(await next.stop()).toBe(0);
  expectNoToken(doomed.output(), next.output());
});
