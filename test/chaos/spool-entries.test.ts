import { mkdir, readdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { engineOf } from "../support/engine-of.ts";
import { keptFor } from "../support/kept-for.ts";
import { type Connected, createRig, hasty, type Rig, until } from "../support/rig.ts";
import { logged } from "./chaos.ts";

const generationOf = async (rig: Rig, { id }: Connected) => (await rig.row(id)).generation;

test.concurrent("entries that are none stop neither worker nor scheduler, and the good ones are committed", async () => {
  const rig = await createRig({ env: hasty });
  const directory = rig.env.SPOOL_DIR as string;
  const [inRedis, inFile, inJournal] = [await rig.connect(), await rig.connect(), await rig.connect()];
  const key = `{${rig.env.REDIS_PREFIX}}:spool`;
  const { engine } = engineOf(rig.env);
  await engine.spool.keep(keptFor(rig, inRedis));
  await writeFile(join(directory, `${inFile.id}-1.json`), JSON.stringify(keptFor(rig, inFile))); // as an earlier version did
  const journal = join(directory, "1-dead.journal");
  await writeFile(journal, `garbage\n${JSON.stringify(keptFor(rig, inJournal))}\n{"to`);
  await utimes(journal, new Date(), new Date(Date.now() - 60_000));

  await writeFile(join(directory, "note.json"), '{"hello": 1}');
  await writeFile(join(directory, "binary.json"), Buffer.from([0, 255, 254, 10]));
  await mkdir(join(directory, "folder.json"));
  await mkdir(join(directory, "folder.journal"));
  await symlink("/dev/zero", join(directory, "link.json"));
  await rig.queues.redis.hset(key, "x", "not json", "y", "null", `${inRedis.id}-7`, '{"v":9}');
  const stranger = await rig.connect();
  const forged = JSON.stringify(keptFor(rig, stranger)).replaceAll(/"v[12]\.[^"]+"/g, '"v1.forged.forged"');
  await rig.queues.redis.hset(key, `${stranger.id}-1`, forged);

  const apps = [await rig.start("worker"), await rig.start("scheduler")];
  for (const connection of [inRedis, inFile, inJournal]) {
    await until("it is committed", async () => (await generationOf(rig, connection)) === 2);
  }
  expect(await generationOf(rig, stranger)).toBe(1);
  for (const bad of [
    "note.json",
    "binary.json",
    "folder.json",
    "folder.journal",
    "link.json",
    "line 1",
    "field x",
    "field y",
  ]) {
    await logged(apps[0] as (typeof apps)[0], bad);
  }
  expect(await readdir(directory)).toEqual(expect.arrayContaining(["note.json", "binary.json", "1-dead.journal"]));
  expect((await rig.queues.redis.hkeys(key)).sort()).toEqual(["x", "y", `${inRedis.id}-7`, `${stranger.id}-1`].sort());
  for (const app of apps) expect(await app.stop()).toBe(0);
});

test.concurrent("records that Postgres refuses hold up no other", async () => {
  const rig = await createRig({ env: hasty });
  const { engine } = engineOf(rig.env);
  const refused = await Promise.all(Array.from({ length: 4 }, () => rig.connect()));
  for (const one of refused) await engine.spool.keep(keptFor(rig, one, { httpStatus: 3_000_000_000 }));
  const [late, good] = [await rig.connect(), await rig.connect()];
  await engine.spool.keep(keptFor(rig, late, { durationMs: 30 * 86_400_000 })); // a clock was set: no reason to refuse tokens
  await engine.spool.keep(keptFor(rig, good));

  const worker = await rig.start("worker");
  await until("the good one is committed", async () => (await generationOf(rig, good)) === 2);
  await until("the late one is committed", async () => (await generationOf(rig, late)) === 2);
  for (const one of refused) {
    await logged(worker, `${one.id}-1`);
    expect(await generationOf(rig, one)).toBe(1);
  }
  expect(worker.output()).toContain("Postgres refuses it (22003)");
  await until("they are kept", async () => (await rig.queues.redis.hlen(`{${rig.env.REDIS_PREFIX}}:spool`)) === 4);
  expect(await worker.stop()).toBe(0);
});

test.concurrent("a worker that stops in peace leaves no journal", async () => {
  const rig = await createRig({ env: hasty });
  const connection = await rig.connect();
  const worker = await rig.start("worker");
  await rig.client.scheduleNow(connection.id);
  await until("it is refreshed", async () => (await generationOf(rig, connection)) === 2);
  expect(await worker.stop()).toBe(0);
  const left = await readdir(rig.env.SPOOL_DIR as string);
  expect(left.filter((name) => /\.(journal|json)$/.test(name))).toEqual([]);
});
