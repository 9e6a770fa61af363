import { expect, test } from "vitest";
import {
  carefulRetryComesDue,
  createChaosRig,
  expectHealthy,
  expectNoToken,
  generationReached,
  outcomes,
  proxyTo,
  rotations,
  swallowAt,
} from "./chaos.ts";

test.concurrent.each(rotations)(
  "a request that never left is made up for by the next worker ($name)",
  async (rotation) => {
    const rig = await createChaosRig({ rotation });
    const { proxy, url } = await proxyTo(rig.server.tokenUrl);
    const doomed = await rig.start("worker", { ACME_TOKEN_URL: url });
    const connection = await rig.connect();
    const onItsWay = swallowAt(proxy, "POST /token");
    await rig.client.scheduleNow(connection.id);
    await onItsWay;
    expect(await rig.row(connection.id)).toMatchObject({ lease_owner: expect.any(String) });
    expect(await doomed.stop("SIGKILL")).toBe("SIGKILL");

    const next = await rig.start("worker");
    if (rotation.name === "single_use") await carefulRetryComesDue(rig, connection);
    await generationReached(rig, connection.id, 2);
    await expectHealthy(rig, connection, 2);
    expect(await outcomes(rig, connection.id)).toEqual(["uncertain", "granted"]);
    expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1, repeated: 0, overlapping: 0 });
    expect(await next.stop()).toBe(0);
    expectNoToken(doomed.output(), next.output());
  },
);
