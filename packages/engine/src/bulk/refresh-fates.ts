import { givenRows } from "@evertoken/adapters";
import type { Engine } from "../engine.ts";
import { concernsAll, EvertokenError, withStore } from "../evertoken-error.ts";
import { scheduleNow } from "../refresh/schedule.ts";

const pollMs = 200;
const atOnce = 50;

/** So many are brought forward before the first is done: more would make the routine work of their queue wait for all of them. */
const inFlight = 500;
/** Each of these passes a limit of its provider, so there are few. */
const inFlightForced = 20;

interface Waiting {
  readonly id: string;
  readonly generation: number;
}

/** What became of a connection whose job was brought forward. */
export interface RefreshFate {
  readonly id: string;
  /** `skipped`: it was not asked for. */
  readonly fate: "refreshed" | "failed" | "skipped";
  /** A code; null: it was refreshed. */
  readonly why: string | null;
}

export interface RefreshFatesOptions {
  /** Before the end of a wait, and once more for those who wait for their user. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Ends when not one connection got done for this time. */
  readonly timeoutMs: number;
}

/** Brings the jobs of connections forward, some at a time. Gives what became of them as it comes, a round at a time, also where nothing did. */
export async function* refreshFates(
  engine: Engine,
  ids: readonly string[],
  { force, signal, timeoutMs }: RefreshFatesOptions,
): AsyncGenerator<readonly RefreshFate[]> {
  const since = await lastLogId(engine);
  const waiting = new Map<string, Waiting>();
  let [taken, left, movedAt] = [0, ids.length, Date.now()];
  while (left > 0 && Date.now() - movedAt < timeoutMs) {
    signal?.throwIfAborted();
    const room = Math.min(atOnce, (force ? inFlightForced : inFlight) - waiting.size);
    const batch = ids.slice(taken, taken + room);
    taken += batch.length;
    const begun = await engine.work.run(() => Promise.all(batch.map((id) => bringForward(engine, id, force))));
    const skipped = begun.filter((each) => "fate" in each);
    for (const each of begun) if (!("fate" in each)) waiting.set(each.id, each);
    const told = await engine.work.run(() => tellFates(engine, waiting, { since, force }));
    for (const { id } of told) waiting.delete(id);
    const fates = [...skipped, ...told];
    left -= fates.length;
    yield fates;
    if (fates.length > 0) movedAt = Date.now();
    else await engine.work.pause(pollMs);
  }
}

async function bringForward(engine: Engine, id: string, force: boolean): Promise<Waiting | RefreshFate> {
  try {
    const { generation, dueAt } = await scheduleNow(engine, id, { trigger: "bulk", force });
    return dueAt.getTime() > engine.clock.now().getTime()
      ? { id, fate: "skipped", why: "rate_limited" }
      : { id, generation };
  } catch (error) {
    if (error instanceof EvertokenError && !concernsAll(error)) return { id, fate: "skipped", why: error.code };
    throw error;
  }
}

/** What is logged from now on, by a sequence instead of anybody's clock. */
async function lastLogId({ pool }: Engine): Promise<string> {
  const { rows } = await withStore(() =>
    pool.query<{ id: string }>("SELECT coalesce(max(id), 0)::text AS id FROM token_refresh_log"),
  );
  return rows[0]?.id ?? "0";
}

/**
 * A job is done when the generation has moved, or an attempt of it stands in the log. One that an open circuit or a limit holds back is
 * left to it: it comes when they allow.
 */
async function tellFates(
  { pool }: Engine,
  waiting: ReadonlyMap<string, Waiting>,
  { since, force }: { since: string; force: boolean },
): Promise<RefreshFate[]> {
  const jobs = [...waiting.values()];
  const { rows } = await withStore(() =>
    pool.query<RefreshFate & { fate: RefreshFate["fate"] | null }>(
      `SELECT w.id::text AS id, CASE
         WHEN c.id IS NULL THEN 'skipped'
         WHEN c.generation > w.generation THEN 'refreshed'
         WHEN failed.id IS NOT NULL THEN 'failed'
         WHEN NOT $3 AND (s.throttled_until > now() OR circuit.code IS NOT NULL) THEN 'skipped' END AS fate,
         CASE WHEN c.id IS NULL THEN 'connection_not_found' WHEN c.generation > w.generation THEN NULL
         WHEN failed.id IS NOT NULL THEN coalesce(failed.error_code, failed.outcome) ELSE coalesce(circuit.code, 'rate_limited') END AS why
       FROM ${givenRows("w", "id uuid, generation int")} LEFT JOIN connections c ON c.id = w.id
       LEFT JOIN provider_states s ON s.provider = c.provider AND s.registration = c.registration
       LEFT JOIN LATERAL (SELECT l.id, l.error_code, l.outcome FROM token_refresh_log l
         WHERE l.connection_id = w.id AND l.generation = w.generation AND NOT l.success AND l.id > $2 LIMIT 1) failed ON true
       LEFT JOIN LATERAL (SELECT k.code FROM circuits k
         WHERE k.provider = c.provider AND k.registration = c.registration AND k.open AND k.circuit_of IN ('', c.client) LIMIT 1) circuit ON true`,
      [JSON.stringify(jobs.map(({ id, generation }) => ({ id, generation }))), since, force],
    ),
  );
  return rows.filter(({ fate }) => fate !== null);
}
