import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommitRecord, Sealed } from "@evertoken/core";
import type { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSpool } from "./spool.ts";

/** Redis as it is while it is away. */
const away = { hset: refuse, hget: refuse, hdel: refuse, hvals: refuse } as unknown as Redis;
async function refuse(): Promise<never> {
  throw new Error("connect ECONNREFUSED");
}

const fail = (error: unknown) => {
  throw error;
};

const record: CommitRecord = {
  connectionId: "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11",
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
      accessToken: "v1.k.access" as Sealed,
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
  directory = await mkdtemp(join(tmpdir(), "evertoken-spool-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("with Redis away a token set survives in a file that only its owner reads", async () => {
  const folder = join(directory, "made", "when needed");
  await createSpool(away, "key", folder, fail).keep(record);
  const names = await readdir(folder);
  expect(names).toEqual([`${record.connectionId}-7.json`]);
  expect((await stat(join(folder, names[0] as string))).mode & 0o777).toBe(0o600);

  const next = createSpool(away, "key", folder, fail);
  expect(await next.find(record.connectionId, 7)).toEqual(record);
  expect(await next.all()).toEqual([record]);
});

test("a kept record is found by its own generation only, and is gone once dropped", async () => {
  const spool = createSpool(away, "key", directory, fail);
  await spool.keep(record);
  await expect(spool.find(record.connectionId, 8)).rejects.toThrow("ECONNREFUSED"); // it might be in Redis
  await spool.drop(record).catch(() => {});
  expect(await spool.all()).toEqual([]);
});

test("what a process left half-written is not taken for a record", async () => {
  const spool = createSpool(away, "key", directory, fail);
  await writeFile(join(directory, `${record.connectionId}-7.json.123.tmp`), '{"connectionId":');
  expect(await spool.all()).toEqual([]);
});

test("a directory that does not exist yet holds nothing", async () => {
  expect(await createSpool(away, "key", join(directory, "none"), fail).all()).toEqual([]);
});

test("a directory that cannot be written is found out by asking, and one that can is left as it was", async () => {
  const path = join(directory, "spool");
  await createSpool(away, "key", path, fail).check();
  expect(await readdir(path)).toEqual([]);
  const file = join(directory, "file");
  await writeFile(file, "");
  await expect(createSpool(away, "key", file, fail).check()).rejects.toThrow("EEXIST");
});
