import type { GrantRecord, Spool } from "@evertoken/core";
import type { RedisClient } from "../redis/redis.ts";
import type { Keyring } from "../vault.ts";
import { grantOf, isOf, nameOf, readEntries, writeEntry } from "./entry.ts";
import { createEntryFiles } from "./entry-files.ts";
import { createFaults, type Found, type SpoolFault } from "./faults.ts";
import { createJournal, leftJournals, linesAbout, removeJournal } from "./journal.ts";
import { createRefusals } from "./refusals.ts";

/** All that is kept; drained by whoever runs, in any order: the commit is conditional on the generation. */
export interface DrainableSpool extends Spool {
  /** What may be committed now. Of several answers for one grant the latest comes first. */
  all(): Promise<GrantRecord[]>;
  /** @throws when its directory cannot be written: better found out before it is needed */
  check(): Promise<void>;
  /**
   * Whatever is kept or noted in reach of this process, by living ones too: for when the store may have forgotten some of it. What is not
   * seen then would be spent again. @throws when Redis is away
   */
  everything(): Promise<GrantRecord[]>;
  /** What processes that were killed had noted. Most of it is committed, since nobody strikes lines out of a dead process's journal. */
  left(): Promise<LeftRecords[]>;
  /** The store is there, and does not take this one: it is set aside, and tried again later. */
  refuse(record: GrantRecord, why: string): Promise<void>;
  /** All that is set aside, as the last looks of this process found it. */
  setAside(): SpoolFault[];
  /** What other processes found the store to refuse. */
  refused(): Promise<SpoolFault[]>;
  /** The journal goes, but for what is not safe elsewhere. */
  close(): void;
}

interface LeftRecords {
  readonly records: readonly GrantRecord[];
  /** Once all of them are safe. A journal with a line that cannot be read stays. */
  remove(): Promise<void>;
}

export interface SpoolOptions {
  /** Must say soon that it is away: what waits for it here is a token set that exists nowhere else. */
  readonly redis: RedisClient;
  /** Of the Redis hash. */
  readonly key: string;
  /** Created when it is first needed. Processes on one machine share it, so that any of them commits what another one left behind. */
  readonly directory: string;
  readonly keyring: Keyring;
  /** One of the places cannot be written. */
  onError(error: unknown): void;
  /** Told of each once. */
  onFault(fault: SpoolFault): void;
}

/** A journal whose good lines are safe is read again now and then: a key may have been put back. */
const restMs = 300_000;

/**
 * Where a new token set survives while Postgres is away: a Redis hash, where any process finds it, and an fsynced file, which
 * survives an emptied Redis. One of them is enough.
 *
 * Each entry stands alone. One that cannot be read, or that Postgres refuses, stays where it is, is named, and holds nobody up: another
 * process, a newer version, or a key that is put back may make something of it.
 */
export function createSpool({ redis, key, directory, keyring, onError, onFault }: SpoolOptions): DrainableSpool {
  const files = createEntryFiles(directory);
  const journal = createJournal(directory, onError);
  const refusals = createRefusals(redis, `${key}-refused`);
  const faults = createFaults(onFault);
  const resting = new Map<string, { readonly until: number; readonly bad: readonly SpoolFault[] }>();
  const latest = (found: readonly Found[], grant: string) => {
    const { records, bad } = readEntries(found, keyring);
    faults.met(bad);
    const unread = bad.find(({ mayBeGood, where }) => mayBeGood && where !== directory);
    return { record: latestFirst(records).find((record) => grantOf(record) === grant) ?? null, unread };
  };

  return {
    note: (record) => journal.note(nameOf(record), writeEntry(record, keyring)),
    strike: (record) => journal.strike(nameOf(record)),
    async keep(record) {
      const [name, text] = [nameOf(record), writeEntry(record, keyring)];
      const places = await Promise.allSettled([files.write(name, text), redis.hset(key, name, text)]);
      const errors = places.flatMap((place) => (place.status === "rejected" ? [place.reason as unknown] : []));
      if (errors.length === places.length) throw errors[0];
      for (const error of errors) onError(error);
    },
    async find(connectionId, generation) {
      const grant = grantOf({ connectionId, generation });
      const noted = await linesAbout(directory, connectionId);
      const ofGeneration = (one: Found) => "text" in one && one.text.includes(`"generation":${generation},`);
      const kept = await files.read((name) => isOf(name, grant));
      const here = latest([...kept, ...noted.filter(ofGeneration)], grant);
      if (here.record !== null) return here.record;
      const elsewhere = latest(await scan(redis, key, grant), grant);
      const unread = here.unread ?? elsewhere.unread;
      // The grant's new tokens may stand there: nobody spends the old one before that is known.
      if (elsewhere.record === null && unread !== undefined) throw new Error(`${unread.where}: ${unread.why}`);
      return elsewhere.record;
    },
    async drop(record) {
      // One that stays behind is recognized as stored when it is committed again.
      const names = [nameOf(record), grantOf(record)] as const;
      for (const name of names) await files.remove(name).catch(onError);
      await redis.hdel(key, ...names).catch(() => 0);
      await refusals.forget(names[0]);
    },
    async all() {
      // Redis that is away holds nothing for now.
      const inRedis = await everyField(redis, key).catch(() => []);
      const { records, bad } = readEntries([...(await files.read(() => true)), ...inRedis], keyring);
      faults.found("kept", bad);
      const named = new Map(records.map((record) => [nameOf(record), record]));
      return latestFirst([...named.values()].filter((record) => refusals.mayTry(nameOf(record))));
    },
    async everything() {
      const noted = await linesAbout(directory, "{"); // every line has one
      const kept = [...(await files.read(() => true)), ...(await everyField(redis, key))];
      return latestFirst(readEntries([...kept, ...noted], keyring).records);
    },
    check: () => files.check(),
    async left() {
      for (const [path, { until }] of resting) if (until <= Date.now()) resting.delete(path);
      const journals = (await leftJournals(directory, Date.now(), (path) => resting.has(path))).map(
        ({ path, lines }) => ({ path, ...readEntries(lines, keyring) }),
      );
      faults.found(
        "left",
        [...journals, ...resting.values()].flatMap(({ bad }) => bad),
      );
      return journals.map(({ path, records, bad }) => ({
        records,
        async remove() {
          if (bad.length === 0) await removeJournal(path);
          else resting.set(path, { bad, until: Date.now() + restMs });
        },
      }));
    },
    async refuse(record, why) {
      await refusals.add(nameOf(record), why);
      faults.met([{ where: nameOf(record), why }]);
    },
    setAside: () => unique([...faults.all(), ...refusals.own()]),
    refused: () => refusals.all(),
    close: () => journal.close(),
  };
}

const unique = (faults: readonly SpoolFault[]) => [...new Map(faults.map((fault) => [fault.where, fault])).values()];

const latestFirst = (records: readonly GrantRecord[]) =>
  [...records].sort((one, other) => other.log.at.getTime() - one.log.at.getTime());

/** @throws when Redis is away */
async function everyField(redis: RedisClient, key: string): Promise<Found[]> {
  try {
    return toFound(key, Object.entries(await redis.hgetall(key)));
  } catch (error) {
    const strange = error instanceof Error && error.message.startsWith("WRONGTYPE");
    if (strange) return [{ where: `Redis key ${key}`, unreadable: "it is no hash" }];
    throw error;
  }
}

/** The fields of one grant: Redis looks through the others. */
async function scan(redis: RedisClient, key: string, grant: string): Promise<Found[]> {
  const found: [string, string][] = [];
  for (let cursor = "0"; ; ) {
    const [next, pairs] = await redis.hscan(key, cursor, "MATCH", `${grant}*`, "COUNT", 1000);
    for (let at = 0; at < pairs.length; at += 2) found.push([pairs[at] ?? "", pairs[at + 1] ?? ""]);
    if (next === "0") break;
    cursor = next;
  }
  return toFound(
    key,
    found.filter(([name]) => isOf(name, grant)),
  );
}

const toFound = (key: string, fields: readonly (readonly [string, string])[]): Found[] =>
  fields.map(([name, text]) => ({ where: `field ${name} of the Redis key ${key}`, text, fromRedis: true }));
