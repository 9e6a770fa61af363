import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CommitRecord, Spool } from "@evertoken/core";
import type { Redis } from "ioredis";
import { createJournal, journalTexts, leftJournals, removeJournal } from "./journal.ts";

/** All that is kept; drained by whoever runs, in any order: the commit is conditional on the generation. */
export interface DrainableSpool extends Spool {
  all(): Promise<CommitRecord[]>;
  /** @throws when its directory cannot be written: better found out before it is needed */
  check(): Promise<void>;
  /** What processes that were killed had noted. Most of it is committed, since nobody strikes lines out of a dead process's journal. */
  left(): Promise<LeftRecords[]>;
}

interface LeftRecords {
  readonly records: readonly CommitRecord[];
  /** Once all of them are safe. */
  remove(): Promise<void>;
}

/**
 * Where a new token set survives while Postgres is away: a Redis hash, where any process finds it, and an fsynced file, which
 * survives an emptied Redis. One of them is enough.
 *
 * Tokens are encrypted before they come here. Processes on one machine share the directory, so that any of them can commit what
 * another one left behind.
 *
 * @param redis must say soon that it is away: what waits for it here is a token set that exists nowhere else
 * @param key of the Redis hash
 * @param directory created when it is first needed
 * @param onError the journal cannot be written
 */
export function createSpool(
  redis: Redis,
  key: string,
  directory: string,
  onError: (error: unknown) => void,
): DrainableSpool {
  const files = createFileSpool(directory);
  const journal = createJournal(directory, onError);
  return {
    note: (record) => journal.note(field(record), JSON.stringify(record)),
    strike: (record) => journal.strike(field(record)),
    async keep(record) {
      const inRedis = redis.hset(key, field(record), JSON.stringify(record));
      const [file, hash] = await Promise.allSettled([files.keep(record), inRedis]);
      if (file.status === "rejected" && hash.status === "rejected") throw file.reason;
    },
    async find(connectionId, generation) {
      const name = field({ connectionId, generation });
      const local = await files.find(name);
      if (local !== null) return local;
      const noted = await findNoted(directory, name);
      if (noted !== null) return noted;
      const text = await redis.hget(key, name);
      return text === null ? null : parse(text);
    },
    async drop(record) {
      await files.drop(field(record));
      // One that stays behind is recognized as stored when it is committed again.
      await redis.hdel(key, field(record)).catch(() => 0);
    },
    async all() {
      const local = await files.all();
      const remote = await redis.hvals(key).catch(() => []);
      const kept = [...remote.map(parse), ...local];
      return [...new Map(kept.map((record) => [field(record), record])).values()];
    },
    check: () => files.check(),
    async left() {
      const journals = await leftJournals(directory, Date.now());
      return journals.map(({ path, texts }) => ({ records: texts.flatMap(whole), remove: () => removeJournal(path) }));
    },
  };
}

async function findNoted(directory: string, name: string): Promise<CommitRecord | null> {
  const records = (await journalTexts(directory)).flatMap(whole);
  return records.findLast((record) => field(record) === name) ?? null;
}

/** A line that a full disk has torn says nothing. */
function whole(text: string): CommitRecord[] {
  try {
    return [parse(text)];
  } catch {
    return [];
  }
}

const field = ({ connectionId, generation }: Pick<CommitRecord, "connectionId" | "generation">) =>
  `${connectionId}-${generation}`;

const suffix = ".json";

function createFileSpool(directory: string) {
  const pathOf = (name: string) => join(directory, `${name}${suffix}`);
  const read = async (path: string) => {
    const text = await readFile(path, "utf8").catch(absent);
    return text === null ? null : parse(text);
  };
  return {
    async check(): Promise<void> {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const path = join(directory, `${process.pid}.${randomUUID().slice(0, 8)}.tmp`);
      await writeFile(path, "", { mode: 0o600 });
      await rm(path);
    },
    async keep(record: CommitRecord): Promise<void> {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const path = pathOf(field(record));
      await writeDurably(`${path}.${process.pid}.tmp`, path, JSON.stringify(record), directory);
    },
    find: (name: string) => read(pathOf(name)),
    drop: (name: string) => rm(pathOf(name), { force: true }),
    async all(): Promise<CommitRecord[]> {
      const names = (await readdir(directory).catch(absent)) ?? [];
      const records = await Promise.all(
        names.filter((name) => name.endsWith(suffix)).map((name) => read(join(directory, name))),
      );
      return records.filter((record) => record !== null);
    },
  };
}

/** The file, then its name: after this returns, both survive a power loss. */
async function writeDurably(temporary: string, path: string, text: string, directory: string): Promise<void> {
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(directory, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}

/** JSON has no dates; each is made again at its place, since a provider's own facts may bear the same names. */
function parse(text: string): CommitRecord {
  const { transition, log, ...record } = JSON.parse(text) as CommitRecord;
  if (transition.kind !== "store") throw new Error("only new token sets are kept in the spool");
  const { expiresAt, refreshTokenExpiresAt, grantEndsAt, nextRefreshAt } = transition;
  return {
    ...record,
    transition: {
      ...transition,
      expiresAt: date(expiresAt),
      refreshTokenExpiresAt: date(refreshTokenExpiresAt),
      grantEndsAt: date(grantEndsAt),
      nextRefreshAt: date(nextRefreshAt),
    },
    log: { ...log, oldExpiresAt: date(log.oldExpiresAt), dueAt: date(log.dueAt), at: new Date(log.at) },
  };
}

/** Typed as the date that it was, read as the text that it is now. */
const date = (text: Date | null | undefined) => (text == null ? null : new Date(text));
