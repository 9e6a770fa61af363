import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Row } from "../support/rig.ts";
import type { Ground } from "./ground.ts";

/** By then every living connection has to be refreshed again, and many denials at once have to be believed (`DENIALS_BELIEVED_AFTER_MS`). */
const boundMs = 150_000;
const calmLifeSeconds = 900;

export interface Calm {
  /** Connections that live and were not refreshed again, or that died and whose users were not asked. */
  readonly stuck: readonly string[];
  readonly tookMs: number;
  /** What never left the spool. */
  readonly spooled: readonly string[];
}

/** Nothing is done to the installation any more: each living connection is refreshed once more, and the spool empties. */
export async function calmDown(ground: Ground): Promise<Calm> {
  const { rig, lifeMs } = ground;
  const begunAt = Date.now();
  await rig.server.configure({ expiresIn: calmLifeSeconds, latencyMs: 20 });
  const deadline = begunAt + lifeMs + boundMs;
  // Once seen at rest is enough: apps go on asking, so some are under way at any time.
  let stuck = await restless(ground);
  let spooled = await inSpool(ground);
  while ((stuck.length > 0 || spooled.length > 0) && Date.now() < deadline) {
    await sleep(1000);
    await ground.crew.revive();
    const still = new Set(await restless(ground));
    stuck = stuck.filter((id) => still.has(id));
    spooled = await inSpool(ground);
  }
  return { stuck, tookMs: Date.now() - begunAt, spooled };
}

/** Those whose tokens are still of the time before, although the server would grant them new ones, or never again. */
async function restless({ rig, population }: Ground): Promise<string[]> {
  const { rows } = await rig.pool.query<Row & { refresh_token: string | null }>(
    `SELECT id, provider, registration, status, refresh_token FROM connections WHERE status <> 'disconnected'
      AND (expires_at < now() + $1 * interval '1 second' OR expires_at IS NULL OR lease_owner IS NOT NULL)`,
    [calmLifeSeconds / 3],
  );
  const states = await population.states(rows);
  return rows.filter(({ id, status }) => states.get(id)?.alive || status !== "needs_reauth").map(({ id }) => id);
}

/** Kept token sets: files, lines of journals, fields in Redis. What names the installation stays. */
async function inSpool({ rig, spool }: Ground): Promise<string[]> {
  const files = await readdir(spool.directory);
  const hash = await rig.queues.redis.hkeys(`{${rig.env.REDIS_PREFIX}}:spool`);
  return [...files.filter((name) => name.endsWith(".json")), ...hash];
}
