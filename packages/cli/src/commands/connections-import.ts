import { createReadStream, readFileSync, type Stats, statSync } from "node:fs";
import { addAbortSignal } from "node:stream";
import { didYouMean } from "@evertoken/adapters";
import { pastedWarnings, readPasted } from "@evertoken/core";
import { EvertokenError } from "@evertoken/engine";
import { createImportPlanner } from "@evertoken/engine/internal";
import { UsageError } from "../failure.ts";
import { type Checkpoint, noCheckpoint, openCheckpoint } from "../import/checkpoint.ts";
import { importRow, type RowRules, remember } from "../import/import-row.ts";
import { createTranslator, type ReadyRow, type Translation } from "../import/judge-row.ts";
import { UnknownFields } from "../import/known-fields.ts";
import type { Mapping } from "../import/map-row.ts";
import { readRows } from "../import/read-rows.ts";
import { requireSource, sampleSize } from "../import/recognize.ts";
import { type ImportReport, inCounts, notes, summary } from "../import/report.ts";
import type { Row } from "../import/row.ts";
import { SeenKeys } from "../import/seen-keys.ts";
import { Tally } from "../import/tally.ts";
import { importSources } from "../import-sources/index.ts";
import { type Field, fields } from "../import-sources/source.ts";
import type { Io } from "../io.ts";
import { type Opened, withEngine } from "../open.ts";
import { createProgress } from "../progress.ts";

export interface ImportOptions {
  readonly from?: string;
  readonly dryRun?: boolean;
  readonly user?: string;
  readonly provider?: readonly string[];
  readonly map?: readonly string[];
  readonly registration?: string;
  readonly keyFile?: string;
  readonly skipKnown?: boolean;
  readonly overwrite?: boolean;
  readonly resume?: boolean;
  readonly legacyKeyFile?: string;
}

/** Enough to hide the round trips, few enough to leave the pool to others. */
const atOnce = 8;
/** Those that are only judged share their statements. */
const plannedAtOnce = 1000;
const rowsPerCheckpoint = 200;

export async function importConnections(io: Io, file: string | undefined, options: ImportOptions): Promise<number> {
  const named = file !== undefined && file !== "-" ? file : null;
  refuseContradictions(options, named);
  const translation = readTranslation(io, options);
  return withEngine(
    io,
    async (opened) => {
      const size = named === null ? null : sizeOf(named);
      const checkpoint =
        named === null || options.dryRun === true ? noCheckpoint : await openCheckpoint(named, options.resume === true);
      const rules: RowRules = {
        // Rows that a killed run had stored after its last checkpoint may have been refreshed since: they are not stored again.
        skip: options.skipKnown === true ? "known" : (checkpoint.resumed?.startedAt ?? null),
        overwrite: options.overwrite === true,
        legacyKey: options.legacyKeyFile === undefined ? null : readKey(io, options.legacyKeyFile),
        plan: options.dryRun === true ? createImportPlanner(opened.engine) : null,
        ...{ seen: new SeenKeys(), seenGrants: new SeenKeys() },
      };
      const { interrupted: signal } = opened;
      const chunks =
        named === null ? inputOf(io, signal) : createReadStream(named, { highWaterMark: 1024 * 1024, signal });
      const report = await importAll(io, opened, { chunks, size, translation, rules, checkpoint });
      checkpoint.remove();
      io.result(report, () => summary(report));
      for (const note of notes(report)) io.note(note);
      return report.refused === 0 ? 0 : 1;
    },
    { endsItself: true },
  );
}

function refuseContradictions(
  { resume, overwrite, skipKnown, dryRun, from, legacyKeyFile }: ImportOptions,
  named: string | null,
) {
  if (resume === true && named === null) throw new UsageError("only the import of a named file can be resumed");
  if (resume === true && dryRun === true) throw new UsageError("a dry run stores nothing, so it cannot be resumed");
  if (overwrite === true && skipKnown === true) {
    throw new UsageError("--overwrite and --skip-known say the opposite: keep one");
  }
  if (from !== undefined && legacyKeyFile !== undefined) {
    throw new UsageError("--legacy-key-file opens rows in our form; the key of another system is --key-file");
  }
}

/** @throws {UsageError} */
function readTranslation(io: Io, options: ImportOptions): Translation {
  const { from, user = null, provider = [], map = [], registration = null, keyFile } = options;
  const source = importSources.find(({ id }) => id === from) ?? null;
  if (source === null) {
    const given = Object.entries({ user, provider: provider[0], map: map[0], registration, "key-file": keyFile });
    const wrong = given.find(([, value]) => value != null)?.[0];
    if (wrong !== undefined) throw new UsageError(`--${wrong} needs --from: rows in our form say it themselves`);
    return { mapping: null, providers: new Map(), registration: null };
  }
  if (keyFile !== undefined && source.key === undefined)
    throw new UsageError(`nothing of ${source.name} is opened with a key`);
  const extra = new Map<Field, string>();
  for (const [theirs, ours] of map.map((each) => pairOf(each, "map"))) {
    const field = fields.find((each) => each === ours);
    if (field === undefined) throw new UsageError(`--map: there is no field ${ours}${didYouMean(ours, fields)}`);
    extra.set(field, source.header?.(theirs) ?? theirs);
  }
  const key = keyFile === undefined ? null : readKey(io, keyFile);
  const mapping: Mapping = { source, extra, key, userId: user };
  const providers = new Map(
    provider.map((each) => (each.includes("=") ? pairOf(each, "provider") : (["*", each] as const))),
  );
  return { mapping, providers, registration };
}

function pairOf(text: string, option: string): readonly [theirs: string, ours: string] {
  const at = text.lastIndexOf("=");
  if (at < 1 || at === text.length - 1) throw new UsageError(`--${option} needs <theirs>=<ours>`);
  return [text.slice(0, at), text.slice(at + 1)];
}

async function* inputOf(io: Io, signal: AbortSignal): AsyncGenerator<Buffer> {
  if (io.stdin.isTTY) throw new UsageError("name a file, or pipe the rows in");
  for await (const chunk of addAbortSignal(signal, io.stdin)) yield Buffer.from(chunk);
}

function sizeOf(file: string): number {
  let found: Stats;
  try {
    found = statSync(file);
  } catch (error) {
    throw unreadable(file, error);
  }
  if (found.isDirectory()) throw unreadable(file, { code: "EISDIR" });
  return found.size;
}

const unreadable = (file: string, error: unknown) =>
  new EvertokenError("invalid_input", `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);

/** Once, so that each row need not be told what was pasted along with it. */
function readKey(io: Io, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw unreadable(file, error);
  }
  const read = readPasted(text.replace(/\r?\n$/, ""));
  if ("fault" in read) throw new EvertokenError("invalid_input", `${file} ${read.fault}`);
  for (const warning of pastedWarnings(file, read)) io.note(warning);
  return read.value;
}

interface Work {
  readonly chunks: AsyncIterable<Buffer>;
  readonly size: number | null;
  readonly translation: Translation;
  readonly rules: RowRules;
  readonly checkpoint: Checkpoint;
}

/** A few rows side by side: no two of them are for one account, because the second is a bad row. */
async function importAll(io: Io, opened: Opened, work: Work): Promise<ImportReport> {
  const { chunks, size, translation, rules, checkpoint } = work;
  const { mapping } = translation;
  const startedAt = checkpoint.resumed?.startedAt ?? new Date();
  const first = checkpoint.resumed?.done ?? 0;
  const tally = new Tally(checkpoint.resumed);
  const unknown = mapping === null ? null : new UnknownFields(mapping.source, mapping.extra);
  const translate = createTranslator(opened.engine, translation);
  const keep = () => checkpoint.keep({ startedAt, done: first + tally.rows, ...tally.counts() });
  const progress = createProgress(io, rules.plan === null ? "importing" : "judging");
  const handle = async (row: Row) => {
    const ready = await translate(row);
    const done = ready.done ?? (await importRow(opened, ready.place, ready.value, rules));
    return { ...ready, done };
  };
  let passed = 0;
  let sample: Row[] | null = [];
  const take = async (rows: readonly Row[]) => {
    for (const each of rows) unknown?.see(each.value);
    const again = rows.slice(0, Math.max(0, first - passed));
    for (const row of again) note(await translate(row), rules);
    passed += again.length;
    const batch = rules.plan === null ? atOnce : plannedAtOnce;
    for (let start = again.length; start < rows.length; start += batch) {
      opened.interrupted.throwIfAborted();
      for (const judged of await Promise.all(rows.slice(start, start + batch).map(handle))) tally.add(judged);
      if (tally.rows % rowsPerCheckpoint < batch) keep();
    }
  };
  try {
    for await (const { rows, bytesRead } of readRows(chunks, {
      source: mapping?.source ?? null,
      key: mapping?.key ?? null,
    })) {
      if (sample !== null) {
        sample.push(...rows);
        if (sample.length < sampleSize) continue;
        requireSource(sample.slice(0, sampleSize), mapping);
        await take(sample);
        sample = null;
      } else await take(rows);
      progress.update(bytesRead, size ?? bytesRead, `bytes, ${first + tally.rows} rows`);
    }
    if (sample !== null) {
      requireSource(sample, mapping);
      await take(sample);
    }
  } catch (error) {
    if (sample === null || tally.rows > 0) {
      keep();
      io.note(`stopped: ${first + tally.rows} rows are done: ${inCounts(tally.counts())}${goOn(work)}`);
    }
    throw error;
  } finally {
    progress.stop();
  }
  const { connections, skippedRows, unscheduled } = tally;
  return {
    ...{ from: mapping?.source.id ?? null, dryRun: rules.plan !== null, ...tally.counts() },
    ...{ resumedAfter: first, providers: tally.providers(), reasons: tally.reasons() },
    ...{ unknownFields: unknown?.report() ?? [], unscheduled, connections, skippedRows },
  };
}

function goOn({ rules, checkpoint }: Work): string {
  if (rules.plan !== null) return "; nothing was stored";
  return `; go on with ${checkpoint === noCheckpoint ? "--skip-known" : "--resume"}`;
}

/** A row of an earlier run: a later one of the same account is one too many. */
function note({ place, value, done }: ReadyRow, { seen }: RowRules): void {
  if (done === null) remember(place, value, seen);
}
