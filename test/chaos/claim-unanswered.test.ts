import { expect, test } from "vitest";
import { until } from "../support/rig.ts";
import { createChaosRig, expectHealthy, generationReached, outcomes, proxyTo } from "./chaos.ts";

test.concurrent("a lease whose claim was never answered is given back, and not taken for a lost answer", async () => {
  const rig = await createChaosRig();
  const { proxy, url } = await proxyTo(rig.env.DATABASE_URL as string);
  const worker = await rig.start("worker", { DATABASE_URL: url });
  const connection = await rig.connect();
  let claimed = false;
  proxy.intercept((direction, data) => {
    claimed ||= direction === "toTarget" && data.includes("claim-take");
    return claimed && direction === "toClient" ? "swallow" : "pass";
  });
  await rig.client.scheduleNow(connection.id);
  await until("the lease is taken", async () => (await rig.row(connection.id)).lease_owner !== null);
  proxy.intercept(undefined);
  proxy.cut();

  await generationReached(rig, connection.id, 2);
  await expectHealthy(rig, connection, 2);
  expect(await outcomes(rig, connection.id)).toEqual(["granted"]);
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });
  expect(await worker.stop()).toBe(0);
});

test.concurrent("an attempt that never left is told when Postgres is back, and not taken for a lost answer", async () => {
  const rig = await createChaosRig({ env: { LEASE_MS: "8000" } });
  const { proxy, url } = await proxyTo(rig.env.DATABASE_URL as string);
  const provider = await proxyTo(rig.server.tokenUrl);
  await provider.proxy.refuse();
  const worker = await rig.start("worker", { DATABASE_URL: url, ACME_TOKEN_URL: provider.url });
  const connection = await rig.connect();
  let cut = false;
  proxy.intercept((direction, data) => {
    if (cut || direction !== "toTarget" || !data.includes("commit-setback")) return "pass";
    cut = true;
    return "cut";
  });
  await rig.client.scheduleNow(connection.id);
  await until("the setback was lost", async () => cut);
  await provider.proxy.resume();
  await generationReached(rig, connection.id, 2);
  expect((await outcomes(rig, connection.id)).filter((outcome) => outcome !== "unsent")).toEqual(["granted"]);
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });
  expect(await worker.stop()).toBe(0);
});
