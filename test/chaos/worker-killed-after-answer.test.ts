import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Rig, until } from "../support/rig.ts";
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

async function killWithTokensInHand(rotation: (typeof rotations)[number]) {
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
  return { rig, connection, doomed };
}

test.concurrent.each(rotations)("a worker dies with a new token set in its hands ($name)", async (rotation) => {
  const { rig, connection, doomed } = await killWithTokensInHand(rotation);
  expect(await journals(rig)).toHaveLength(1);

  const next = await rig.start("worker");
  await generationReached(rig, connection.id, 2);
  await expectHealthy(rig, connection, 2);
  expect(await outcomes(rig, connection.id)).toEqual(["granted"]);
  expect(await rig.server.summary()).toMatchObject({ requests: 1, reuse: 0 });
  await until("its journal is gone", async () => (await journals(rig)).length === 0, 20_000);
  expect(await next.stop()).toBe(0);
  expectNoToken(doomed.output(), next.output());
});

test.concurrent("a journal that nobody claims is committed long before its lease has run out", async () => {
  const rig = await createChaosRig({ env: { LEASE_MS: "120000" } });
  const { proxy, url } = await proxyTo(rig.env.DATABASE_URL as string);
  const doomed = await rig.start("worker", { DATABASE_URL: url });
  const connections = await Promise.all(Array.from({ length: 5 }, () => rig.connect()));
  await rig.server.hold();
  for (const { id } of connections) await rig.client.scheduleNow(id);
  await until("all have asked", async () => (await rig.server.summary()).requests === 5);
  const committing = swallowAt(proxy, "commit-grants");
  await rig.server.release();
  await committing;
  await until("all are noted", async () => (await journalLines(rig)) === 5);
  await doomed.stop("SIGKILL");
  proxy.cut();

  const next = await rig.start("worker");
  for (const connection of connections) {
    await generationReached(rig, connection.id, 2);
    await expectHealthy(rig, connection, 2);
  }
  expect(await rig.server.summary()).toMatchObject({ requests: 5, granted: 5, reuse: 0 });
  expect(next.output()).toContain("committing what a killed process had in its hands");
  await until("its journal is gone", async () => (await journals(rig)).length === 0);
});

test.concurrent.each(rotations)("the disk of a worker that died is gone too ($name)", async (rotation) => {
  const { rig, connection, doomed } = await killWithTokensInHand(rotation);

  const elsewhere = await mkdtemp(join(tmpdir(), "evertoken-elsewhere-"));
  const next = await rig.start("worker", { SPOOL_DIR: elsewhere });
  if (rotation.name === "single_use") {
    await carefulRetryComesDue(rig, connection);
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
  await rm(elsewhere, { recursive: true, force: true });
});

async function journals({ env }: Rig): Promise<string[]> {
  const names = await readdir(env.SPOOL_DIR as string);
  return names.filter((name) => name.endsWith(".journal"));
}

async function journalLines(rig: Rig): Promise<number> {
  const names = await journals(rig);
  const texts = await Promise.all(names.map((name) => readFile(join(rig.env.SPOOL_DIR as string, name), "utf8")));
  return texts.join("").split("\n").length - 1;
}
