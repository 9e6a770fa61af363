import { expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
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

test.concurrent("a lease that another one has got meanwhile is not given back", async () => {
  const rig = await createChaosRig();
  const { proxy, url } = await proxyTo(rig.env.DATABASE_URL as string);
  const { engine } = engineOf({ ...rig.env, DATABASE_URL: url });
  const { id } = await rig.connect();
  let claimed = false;
  proxy.intercept((direction, data) => {
    claimed ||= direction === "toTarget" && data.includes("claim-take");
    return claimed && direction === "toClient" ? "swallow" : "pass";
  });
  const order = { connectionId: id, trigger: "manual", generation: 1, onlyDue: false, force: false } as const;
  const unanswered = expect(engine.runRefresh(order)).rejects.toThrow();
  await until("the lease is taken", async () => (await rig.row(id)).lease_owner !== null);
  await patch(rig, id, "lease_owner = 'another', lease_until = now() + interval '1 minute'");
  let tries = 0;
  proxy.intercept((direction, data) => {
    if (direction === "toTarget" && data.includes("claim-give-back")) tries++;
    return "pass";
  });
  proxy.cut();
  await unanswered;
  // The second try follows the answer to the first.
  await until("it has been tried to", async () => tries > 1);
  expect(await rig.row(id)).toMatchObject({ lease_owner: "another" });
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
