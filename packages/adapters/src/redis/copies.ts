import { type GrantRecord, newestOfEach } from "@evertoken/core";
import { readEntries, writeEntry } from "../spool/entry.ts";
import { createBatcher, defaultBatching } from "../store/batcher.ts";
import type { Keyring } from "../vault.ts";
import type { RedisClient } from "./redis.ts";

/**
 * Token sets that were committed a moment ago, as they were committed: sealed, as in the spool. What does not open says nothing. A replica
 * that takes over may lack them; from here they are put back. A sorted set by time, since the old ones go together.
 */
export interface Copies {
  /** After the commit, on the connection that adds the next job: no round trip of its own. */
  keep(record: GrantRecord): Promise<void>;
  /** The newest of each connection. */
  newest(): Promise<GrantRecord[]>;
  /** Only while the database is known to be the true one: an outage must not use up the time that they have. */
  trim(): Promise<void>;
}

/** How much longer they stay than a replica may lag: a look takes a second. */
const slackMs = 15_000;
const pageSize = 1000;

export interface CopiesOptions {
  readonly redis: RedisClient;
  readonly prefix: string;
  readonly keyring: Keyring;
  /** 0: nothing is kept. */
  readonly keepMs: number;
  /** One clock for all processes: what a slow one has written would be old to the others. */
  now(): Date;
}

export function createCopies({ redis, prefix, keyring, keepMs, now }: CopiesOptions): Copies {
  const key = `{${prefix}}:copies`;
  const add = createBatcher<string, null>(async (texts) => {
    const at = now().getTime();
    await redis.zadd(key, ...texts.flatMap((text) => [at, text]));
    return texts.map(() => null);
  }, defaultBatching);
  return {
    async keep(record) {
      if (keepMs > 0) await add(writeEntry(record, keyring));
    },
    async newest() {
      const found = new Map<string, GrantRecord>();
      // From the newest on: what others trim or add meanwhile moves nothing out of the pages to come.
      for (let start = 0; ; start += pageSize) {
        const page = await redis.zrevrange(key, start, start + pageSize - 1);
        const entries = page.map((text) => ({ where: key, text, fromRedis: true }));
        newestOfEach(readEntries(entries, keyring).records, found);
        if (page.length < pageSize) return [...found.values()];
      }
    },
    async trim() {
      await redis.zremrangebyscore(key, "-inf", now().getTime() - keepMs - slackMs);
    },
  };
}
