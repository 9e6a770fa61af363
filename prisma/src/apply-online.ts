import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "pg";
import type { Migration } from "./migration-files.ts";
import { noteStep } from "./migration-history.ts";
import { readSteps, type Step, statementsOf } from "./online-steps.ts";
import { withShortLocks } from "./short-locks.ts";

/** A row of the history that is not finished yet. */
export interface Begun {
  readonly id: string;
  /** Steps that are done. */
  readonly steps: number;
}

/** Goes on after the last step that was done, whoever did it. */
export async function applyOnline(
  client: Client,
  { name, online }: Migration & { online: string },
  { id, steps: done }: Begun,
  tell: (line: string) => void,
): Promise<void> {
  const steps = readSteps(online);
  for (const [index, step] of steps.entries()) {
    if (index < done) continue;
    const started = Date.now();
    const say = (what: string) => tell(`${name}: step ${index + 1} of ${steps.length}${what}`);
    const note = () => noteStep(client, id, index + 1);
    await run(client, step, note, say);
    say(` done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }
}

async function run(client: Client, step: Step, note: () => Promise<void>, say: (what: string) => void): Promise<void> {
  switch (step.kind) {
    case "short locks":
      await withShortLocks(
        client,
        async () => {
          await client.query(step.sql);
          await note();
        },
        () => say(" waits for a lock"),
      );
      return;
    case "concurrently":
      for (const statement of statementsOf(step)) await runConcurrently(client, statement);
      return note();
    case "batches":
      await runBatches(client, step, say);
      return note();
    default:
      throw new Error(`no such step: ${step.kind satisfies never}`);
  }
}

/** One that was interrupted leaves an index that serves nobody and costs every write: it is made anew. */
async function runConcurrently(client: Client, statement: string): Promise<void> {
  const [, name] = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY "(\w+)"/.exec(statement) ?? [];
  if (name !== undefined) {
    const { rows } = await client.query<{ valid: boolean }>(
      "SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)",
      [`"${name}"`],
    );
    if (rows[0]?.valid) return;
    if (rows[0] !== undefined) await client.query(`DROP INDEX CONCURRENTLY "${name}"`);
  }
  try {
    await client.query(statement);
  } catch (error) {
    // A process of an earlier version that wants to migrate waits for us, as we for its statement: by now it has been told off, or we have.
    if ((error as { code?: string }).code !== deadlock) throw error;
    await runConcurrently(client, statement);
  }
}

const deadlock = "40P01";

const tellEveryMs = 5000;

/** Rests as long as it has worked, so that others have the disk too. */
async function runBatches(client: Client, { sql, over }: Step, say: (what: string) => void): Promise<void> {
  const all = await estimate(client, over);
  let [place, rows, toldAt] = ["", 0, Date.now()];
  for (;;) {
    const started = Date.now();
    const { rows: answer } = await client.query<{ next: string | null; rows: number }>(sql, [place]);
    const batch = answer[0];
    rows += batch?.rows ?? 0;
    if (batch === undefined || batch.next === null) return;
    place = batch.next;
    if (Date.now() - toldAt > tellEveryMs) {
      say(`: ${rows}${all === null ? "" : ` of about ${Math.max(all, rows)}`}`);
      toldAt = Date.now();
    }
    await wait(Date.now() - started);
  }
}

async function estimate(client: Client, table: string | null): Promise<number | null> {
  if (table === null) return null;
  const { rows } = await client.query<{ about: number }>(
    "SELECT reltuples::float8 AS about FROM pg_class WHERE oid = to_regclass($1)",
    [table],
  );
  const about = rows[0]?.about ?? -1;
  return about < 0 ? null : Math.round(about);
}
