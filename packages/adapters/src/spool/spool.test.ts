import { createHmac, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GrantRecord } from "@evertoken/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RedisClient } from "../redis/redis.ts";
import { createKeyring } from "../vault.ts";
import { writeEntry } from "./entry.ts";
import type { SpoolFault } from "./faults.ts";
import { createSpool } from "./spool.ts";

/** Redis as it is while it is away. */
const away = { hset: refuse, hscan: refuse, hdel: refuse, hgetall: refuse } as unknown as RedisClient;
async function refuse(): Promise<never> {
  throw new Error("connect ECONNREFUSED");
}

const hexKey = randomBytes(32).toString("hex");
const keyring = createKeyring([hexKey]);
const id = "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11";
const owner = { id, provider: "acme", registration: "default" };

let faults: SpoolFault[];
const spoolIn = (directory: string, ring = keyring) =>
  createSpool({
    ...{ redis: away, key: "key", directory, keyring: ring },
    onError: () => {},
    onFault: (fault) => faults.push(fault),
  });

const record: GrantRecord = {
  connectionId: id,
  userId: "user",
  provider: "acme",
  registration: "default",
  fingerprint: "f",
  client: "client",
  generation: 7,
  leaseOwner: "host:1:abc",
  transition: {
    kind: "store",
    tokens: {
      accessToken: keyring.seal("access", owner, "access_token"),
      refreshToken: null,
      tokenType: "Bearer",
      scopes: ["read"],
      metadata: { at: "2026-11-21T12:00:00.000Z", until: "never" },
    },
    expiresAt: new Date("2026-11-21T12:30:00Z"),
    refreshTokenExpiresAt: null,
    grantEndsAt: new Date("2027-11-21T12:00:00Z"),
    nextRefreshAt: new Date("2026-11-21T12:25:00Z"),
    message: null,
    provider: null,
    events: ["connection.recovered"],
  },
  log: {
    trigger: "scheduled",
    outcome: "granted",
    errorCode: null,
    message: null,
    httpStatus: 200,
    durationMs: 12,
    oldExpiresAt: new Date("2026-11-21T12:05:00Z"),
    dueAt: new Date("2026-11-21T12:00:00Z"),
    at: new Date("2026-11-21T12:00:00Z"),
  },
};

let directory: string;
beforeEach(async () => {
  faults = [];
  directory = await mkdtemp(join(tmpdir(), "evertoken-spool-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("with Redis away a token set survives in a file that only its owner reads", async () => {
  const folder = join(directory, "made", "when needed");
  await spoolIn(folder).keep(record);
  const names = await readdir(folder);
  expect(names).toEqual([expect.stringMatching(new RegExp(`^${id}-7\\.[0-9a-f]{12}\\.json$`))]);
  expect((await stat(join(folder, names[0] as string))).mode & 0o777).toBe(0o600);

  const next = spoolIn(folder);
  expect(await next.find(record.connectionId, 7)).toEqual(record);
  expect(await next.all()).toEqual([record]);
});

test("a kept record is found by its own generation only, and is gone once dropped", async () => {
  const spool = spoolIn(directory);
  await spool.keep(record);
  await expect(spool.find(record.connectionId, 8)).rejects.toThrow("ECONNREFUSED"); // it might be in Redis
  await spool.drop(record).catch(() => {});
  expect(await spool.all()).toEqual([]);
});

test("what a process left half-written is not taken for a record", async () => {
  const spool = spoolIn(directory);
  await writeFile(join(directory, `${record.connectionId}-7.json.123.tmp`), '{"connectionId":');
  expect(await spool.all()).toEqual([]);
});

test("a directory that does not exist yet holds nothing", async () => {
  expect(await spoolIn(join(directory, "none")).all()).toEqual([]);
});

test("a directory that cannot be written is found out by asking, and one that can is left as it was", async () => {
  const path = join(directory, "spool");
  await spoolIn(path).check();
  expect(await readdir(path)).toEqual([]);
  const file = join(directory, "file");
  await writeFile(file, "");
  await expect(spoolIn(file).check()).rejects.toThrow("EEXIST");
});

test("two answers for one grant are both kept, and the later one comes first", async () => {
  const later: GrantRecord = {
    ...record,
    transition: { ...record.transition, tokens: { ...tokensOf(record), accessToken: sealedAccess() } } as never,
    log: { ...record.log, at: new Date(record.log.at.getTime() + 1) },
  };
  const spool = spoolIn(directory);
  // However the names of the two may be sorted, and whichever was kept first.
  for (let times = 0; times < 5; times++) {
    const tokens = { ...tokensOf(record), accessToken: sealedAccess() };
    const again = { ...later, transition: { ...record.transition, tokens } as never };
    for (const one of times % 2 === 0 ? [record, again] : [again, record]) await spool.keep(one);
    expect(await spool.all()).toEqual([again, record]);
    for (const one of [record, again]) await spool.drop(one);
  }
  await spool.keep(later);
  await spool.keep(record);
  expect(await spool.all()).toEqual([later, record]);
  expect(await spool.find(id, 7)).toEqual(later);
  await spool.drop(later);
  expect(await spool.all()).toEqual([record]);
});

test("an entry shows whose it is, and nothing else of it", () => {
  const text = writeEntry(record, keyring);
  expect(JSON.parse(text)).toEqual({ v: 2, connectionId: id, generation: 7, sealed: expect.any(String) });
  for (const said of ["user", "acme", "Bearer", "read"]) expect(text).not.toContain(`"${said}"`);
});

test("what the last version kept is read, in Redis as well", async () => {
  expect(await inRedis({ [`${id}-7.0`]: asLastVersion(record) }).all()).toEqual([record]);
  const moved = asLastVersion(record).replace('"generation":7', '"generation":9');
  expect(await inRedis({ [`${id}-9.0`]: moved }).all()).toEqual([]);
  await writeFile(join(directory, `${id}-7.0.json`), asLastVersion(record));
  expect(await spoolIn(directory).all()).toEqual([record]);
});

test("what a version before that kept without a seal is read from files, if its tokens open", async () => {
  await writeFile(join(directory, `${id}-7.json`), JSON.stringify(record));
  const forged = { ...record, generation: 8, transition: { ...record.transition, tokens: tokensOf(record, "v1.x.y") } };
  await writeFile(join(directory, `${id}-8.json`), JSON.stringify(forged));
  const spool = spoolIn(directory);
  expect(await spool.all()).toEqual([record]);
  expect(faults.map(({ where }) => where)).toEqual([join(directory, `${id}-8.json`)]);
  await spool.drop(record);
  expect(await spool.all()).toEqual([]);
});

test("what is written down names nobody, and whoever holds the key ring learns for whom it is", async () => {
  const text = writeEntry({ ...record, userId: "ada@example.com" }, keyring);
  expect(text).not.toContain("ada@");
  await writeFile(join(directory, `${id}-7.x.json`), text);
  expect((await spoolIn(directory).all()).map(({ userId }) => userId)).toEqual(["ada@example.com"]);
});

test("an old token set of ours under a new generation is taken from nobody who can write to Redis", async () => {
  const replayed = JSON.stringify({ ...record, generation: 12 });
  const spool = inRedis({ [`${id}-12`]: replayed });
  expect(await spool.all()).toEqual([]);
  expect(faults.map(({ why }) => why)).toEqual(["it is not sealed, and anybody may have written it to Redis"]);
  // Should it be true, its predecessor is spent: whoever takes the lease over waits for somebody to look.
  await expect(spool.find(id, 12)).rejects.toThrow("not sealed");
});

test.each(["access_token", "refresh_token"] as const)("a record whose %s does not open is not taken", (column) => {
  const foreign = createKeyring([hexKey]).seal("x", { ...owner, id: "1f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11" }, column);
  const tokens = { ...tokensOf(record), [column === "access_token" ? "accessToken" : "refreshToken"]: foreign };
  const text = writeEntry({ ...record, transition: { ...record.transition, tokens } as never }, keyring);
  return expect(inRedis({ [`${id}-7.0`]: text }).all()).resolves.toEqual([]);
});

test("an entry of ours that was moved to another grant, or changed, is not taken", async () => {
  const text = writeEntry(record, keyring);
  const other = writeEntry({ ...record, connectionId: "1f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11" }, keyring);
  await writeFile(join(directory, `${id}-9.json`), text.replace('"generation":7', '"generation":9'));
  await writeFile(join(directory, `${id}-6.json`), text.replace(/"sealed":"[^"]+"/, `"sealed":${sealedOf(other)}`));
  await writeFile(
    join(directory, `${id}-7.json`),
    text.replace(/.(?=..$)/, (last) => (last === "A" ? "B" : "A")),
  );
  expect(await spoolIn(directory).all()).toEqual([]);
  expect(faults).toHaveLength(3);
});

const notRecords: Record<string, string> = {
  "no JSON": "not json",
  null: "null",
  "another shape": '{"hello":1}',
  "a date that is none": JSON.stringify({ ...record, log: { ...record.log, at: "soon" } }),
  "bytes that are no text": "\0\xff\0",
  empty: "",
};

test("each entry stands alone: what is none is named once and left where it is", async () => {
  for (const [name, text] of Object.entries(notRecords)) await writeFile(join(directory, `${name}.json`), text);
  await mkdir(join(directory, "directory.json"));
  await symlink("/dev/zero", join(directory, "link.json"));
  // Where a link leads is not ours to read, be it an entry.
  const elsewhere = join(directory, "elsewhere");
  await writeFile(elsewhere, writeEntry({ ...record, generation: 8 }, keyring));
  await symlink(elsewhere, join(directory, "link to an entry.json"));
  const spool = spoolIn(directory);
  await spool.keep(record);
  for (let look = 0; look < 3; look++) expect(await spool.all()).toEqual([record]);
  const bad = [...Object.keys(notRecords), "directory", "link", "link to an entry"].map((name) =>
    join(directory, `${name}.json`),
  );
  expect(faults.map(({ where }) => where).sort()).toEqual(bad.sort());
  expect(spool.setAside()).toHaveLength(bad.length);
  expect(await readdir(directory)).toHaveLength(bad.length + 2);
});

test("one for a key that is not in the ring, or of a newer version, is nobody's to pass over", async () => {
  const elsewhere = createKeyring([randomBytes(32).toString("hex"), hexKey]);
  await spoolIn(directory, elsewhere).keep(record);
  const spool = spoolIn(directory);
  expect(await spool.all()).toEqual([]);
  await expect(spool.find(id, 7)).rejects.toThrow(/ECONNREFUSED|not in the ring/);
  expect(await spoolIn(directory, elsewhere).all()).toEqual([record]);

  const newer = writeEntry(record, keyring).replace('{"v":2,', '{"v":3,');
  await writeFile(join(directory, `${id}-3.json`), newer);
  await spool.all();
  expect(faults.map(({ why }) => why)).toContain("it was written by a newer version");
});

test("what no place has taken is not kept: it has to be held on to", async () => {
  const file = join(directory, "file");
  await writeFile(file, "");
  await expect(spoolIn(file).keep(record)).rejects.toThrow();
});

test("a journal of which one line cannot be read stays when the others are safe, and rests", async () => {
  const journal = join(directory, "1-dead.journal");
  await writeFile(journal, `garbage\n${writeEntry(record, keyring)}\n`);
  await utimes(journal, new Date(), new Date(Date.now() - 60_000));
  const spool = spoolIn(directory);
  const [left] = await spool.left();
  expect(left?.records).toEqual([record]);
  await left?.remove();
  expect(await readdir(directory)).toEqual(["1-dead.journal"]);
  expect(await spool.left()).toEqual([]);
  expect(spool.setAside()).toMatchObject([{ where: expect.stringContaining("line 1") }]);
});

test("what the store refuses rests for a while, and is named", async () => {
  const spool = spoolIn(directory);
  await spool.keep(record);
  await spool.refuse(record, "Postgres refuses it (22003)");
  expect(await spool.all()).toEqual([]);
  expect(await spool.find(id, 7)).toEqual(record); // a takeover still finds it: nobody spends the old token
  expect(spool.setAside()).toMatchObject([{ why: "Postgres refuses it (22003)" }]);
  await spool.drop(record);
  expect(spool.setAside()).toEqual([]);
});

test("a directory that cannot be read is one fault", async () => {
  const file = join(directory, "file");
  await writeFile(file, "");
  expect(await spoolIn(file).all()).toEqual([]);
  expect(faults).toEqual([{ where: file, why: "it cannot be read (ENOTDIR)", mayBeGood: true }]);
});

const sealedOf = (text: string) => JSON.stringify((JSON.parse(text) as { sealed: string }).sealed);

/** Redis with these fields. */
function inRedis(fields: Record<string, string>) {
  const redis = { ...away, hgetall: async () => fields, hscan: async () => ["0", Object.entries(fields).flat()] };
  return createSpool({
    ...{ redis: redis as unknown as RedisClient, key: "key", directory, keyring, onError: () => {} },
    onFault: (fault) => faults.push(fault),
  });
}

/** As the last version wrote it: the record in plain, with a mark at its end. */
function asLastVersion(one: GrantRecord): string {
  const body = `{"v":1,${JSON.stringify(one).slice(1)}`;
  const marking = createHmac("sha256", Buffer.from(hexKey, "hex")).update("evertoken mark").digest();
  const place = `spool/${one.connectionId}-${one.generation}`;
  const mac = createHmac("sha256", marking).update(`${place}\n${body}`).digest("base64url");
  return `${body.slice(0, -1)},"seal":"v1.${keyring.activeKeyId}.${mac}"}`;
}

const sealedAccess = () => keyring.seal("access", owner, "access_token");
function tokensOf({ transition }: GrantRecord, accessToken: string = sealedAccess()) {
  return { ...transition.tokens, accessToken };
}

test("to say what everybody has kept, Redis is needed: a set that is not seen would be spent for again", async () => {
  await expect(spoolIn(directory).everything()).rejects.toThrow("ECONNREFUSED");
  await expect(spoolIn(directory).all()).resolves.toEqual([]);
});
