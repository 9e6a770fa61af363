import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pastedWarnings, readPasted } from "@evertoken/core";
import { EvertokenError } from "@evertoken/engine";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { type Opened, withEngine } from "../open.ts";
import { createProgress } from "../progress.ts";
import { type Row, splitRows } from "../rows.ts";
import { type BadRow, type Checkpoint, type Counts, noCheckpoint, openCheckpoint } from "./import-checkpoint.ts";
import { type Done, importRow, type RowRules, remember, type SkippedRow, type StoredRow } from "./import-row.ts";

interface ImportOptions {
  readonly skipKnown?: boolean;
  readonly overwrite?: boolean;
  readonly resume?: boolean;
  readonly legacyKeyFile?: string;
}

interface Report extends Counts {
  /** Rows of an earlier run that this one went on from. */
  readonly resumedAfter: number;
  readonly bad: readonly BadRow[];
  /** Those that this run stored. */
  readonly connections: readonly StoredRow[];
  /** Those that this run left as they are. */
  readonly skippedRows: readonly SkippedRow[];
}

/** Enough to hide the round trips, few enough to leave the pool to others. */
const atOnce = 8;
const rowsPerCheckpoint = 200;

export async function importConnections(io: Io, file: string | undefined, options: ImportOptions): Promise<number> {
  const named = file !== undefined && file !== "-" ? file : null;
  if (options.resume === true && named === null) throw new UsageError("only the import of a named file can be resumed");
  if (options.overwrite === true && options.skipKnown === true) {
    throw new UsageError("--overwrite and --skip-known say the opposite: keep one");
  }
  return withEngine(io, async (opened) => {
    const content = named === null ? await readInput(io) : readNamed(named);
    const rows = splitRows(content);
    if (rows.length === 0) throw new EvertokenError("invalid_input", "there is nothing to import");
    const checkpoint = named === null ? noCheckpoint : openCheckpoint(named, content, options.resume === true);
    const rules: RowRules = {
      // Rows that a killed run had stored after its last checkpoint may have been refreshed since: they are not stored again.
      skip: options.skipKnown === true ? "known" : (checkpoint.resumed?.startedAt ?? null),
      overwrite: options.overwrite === true,
      legacyKey: options.legacyKeyFile === undefined ? null : readKey(io, options.legacyKeyFile),
      seen: new Map(),
    };
    const report = await importAll(io, opened, rows, rules, checkpoint);
    checkpoint.remove();
    io.result(report, () => summary(report));
    for (const { line, warnings } of report.connections) for (const each of warnings) io.note(`line ${line}: ${each}`);
    for (const { line, id, why } of report.skippedRows)
      if (why === "not_newer") io.note(`line ${line}: ${notNewer(id)}`);
    for (const { line, code, message } of report.bad) io.note(`line ${line}: ${message} (${code})`);
    return report.bad.length === 0 ? 0 : 1;
  });
}

async function readInput(io: Io): Promise<string> {
  if (io.stdin.isTTY) throw new UsageError("name a file, or pipe the rows in");
  return text(io.stdin);
}

function readNamed(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new EvertokenError("invalid_input", `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Once, so that each row need not be told what was pasted along with it. */
function readKey(io: Io, file: string): string {
  const read = readPasted(readNamed(file).replace(/\r?\n$/, ""));
  if ("fault" in read) throw new EvertokenError("invalid_input", `${file} ${read.fault}`);
  for (const warning of pastedWarnings(file, read)) io.note(warning);
  return read.value;
}

/** A few side by side: no two of them are for one account, because the second is a bad row. */
async function importAll(
  io: Io,
  opened: Opened,
  rows: readonly Row[],
  rules: RowRules,
  checkpoint: Checkpoint,
): Promise<Report> {
  const { resumed } = checkpoint;
  const startedAt = resumed?.startedAt ?? new Date();
  const first = resumed?.done ?? 0;
  for (const row of rows.slice(0, first)) remember(row, rules.seen);
  const progress = createProgress(io, "importing");
  const done: Done[] = [];
  const keep = () => {
    const { connections: _, skippedRows: __, resumedAfter: ___, ...counts } = toReport(done, checkpoint);
    checkpoint.keep({ startedAt, done: first + done.length, ...counts });
  };
  keep();
  try {
    for (let start = first; start < rows.length; start += atOnce) {
      const batch = rows.slice(start, start + atOnce).map((row) => importRow(opened, row, rules));
      done.push(...(await Promise.all(batch)));
      if (done.length % rowsPerCheckpoint === 0) keep();
      progress.update(first + done.length, rows.length);
    }
    return toReport(done, checkpoint);
  } catch (error) {
    keep();
    const again = checkpoint === noCheckpoint ? "--skip-known" : "--resume";
    io.note(`stopped: ${first + done.length} of ${rows.length} rows are done; go on with ${again}`);
    throw error;
  } finally {
    progress.stop();
  }
}

function toReport(done: readonly Done[], { resumed }: Checkpoint): Report {
  const connections = done.flatMap((each) => (each.kind === "stored" ? [each.row] : []));
  const bad = done.flatMap((each) =>
    each.kind === "bad" ? [{ line: each.line, code: each.code, message: each.message }] : [],
  );
  return {
    imported: (resumed?.imported ?? 0) + connections.filter(({ reconnected }) => !reconnected).length,
    reconnected: (resumed?.reconnected ?? 0) + connections.filter(({ reconnected }) => reconnected).length,
    skipped: (resumed?.skipped ?? 0) + done.filter(({ kind }) => kind === "skipped").length,
    resumedAfter: resumed?.done ?? 0,
    bad: [...(resumed?.bad ?? []), ...bad],
    connections,
    skippedRows: done.flatMap((each) => (each.kind === "skipped" ? [each.row] : [])),
  };
}

const notNewer = (id: string) => `skipped: ${id} may hold newer tokens than this row (--overwrite takes the row's)`;

function summary({ imported, reconnected, skipped, bad, connections }: Report): string[] {
  const unscheduled = connections.filter(({ scheduled }) => !scheduled).length;
  const counts = `${imported} imported, ${reconnected} reconnected, ${skipped} skipped, ${bad.length} bad`;
  return unscheduled === 0
    ? [counts]
    : [counts, `Redis is away: ${unscheduled} jobs are added when it is back and the scheduler runs`];
}
