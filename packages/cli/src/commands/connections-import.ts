import { createReadStream } from "node:fs";
import { text } from "node:stream/consumers";
import { EvertokenError, type ImportInput } from "@evertoken/client";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { type Opened, withEngine } from "../open.ts";
import { createProgress } from "../progress.ts";
import { type Row, splitRows } from "../rows.ts";

interface Report {
  readonly imported: number;
  readonly reconnected: number;
  readonly skipped: number;
  readonly bad: readonly { readonly line: number; readonly code: string; readonly message: string }[];
  readonly connections: readonly StoredRow[];
}

interface StoredRow {
  readonly line: number;
  readonly id: string;
  readonly generation: number;
  readonly reconnected: boolean;
  readonly nextRefreshAt: Date | null;
  /** false: Redis is away; reconcile adds the job when it is back. */
  readonly scheduled: boolean;
}

type Done =
  | { readonly kind: "stored"; readonly row: StoredRow }
  | { readonly kind: "skipped" }
  | { readonly kind: "bad"; readonly line: number; readonly code: string; readonly message: string };

/** Enough to hide the round trips, few enough to leave the pool to others. */
const atOnce = 8;

export async function importConnections(
  io: Io,
  file: string | undefined,
  options: { readonly skipKnown?: boolean },
): Promise<number> {
  return withEngine(io, async (opened) => {
    const rows = splitRows(await read(io, file));
    if (rows.length === 0) throw new EvertokenError("invalid_input", "there is nothing to import");
    const report = toReport(await importAll(io, opened, rows, options.skipKnown === true));
    io.result(report, () => summary(report));
    for (const { line, code, message } of report.bad) io.note(`line ${line}: ${message} (${code})`);
    return report.bad.length === 0 ? 0 : 1;
  });
}

async function read(io: Io, file: string | undefined): Promise<string> {
  if (file === undefined && io.stdin.isTTY) throw new UsageError("name a file, or pipe the rows in");
  try {
    return await text(file === undefined || file === "-" ? io.stdin : createReadStream(file));
  } catch (error) {
    throw new EvertokenError("invalid_input", `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** A few side by side: no two of them are for one account, because the second is a bad row. */
async function importAll(io: Io, opened: Opened, rows: readonly Row[], skipKnown: boolean): Promise<Done[]> {
  const progress = createProgress(io, "importing");
  const seen = new Map<string, number>();
  const done: Done[] = [];
  try {
    for (let start = 0; start < rows.length; start += atOnce) {
      const batch = rows.slice(start, start + atOnce).map((row) => importRow(opened, row, seen, skipKnown));
      done.push(...(await Promise.all(batch)));
      progress.update(done.length, rows.length);
    }
    return done;
  } catch (error) {
    io.note(`stopped: ${toReport(done).connections.length} of ${rows.length} rows are stored; go on with --skip-known`);
    throw error;
  } finally {
    progress.stop();
  }
}

async function importRow(
  { engine, evertoken }: Opened,
  { line, value, toEnd }: Row,
  seen: Map<string, number>,
  skipKnown: boolean,
): Promise<Done> {
  const bad = (code: string, message: string): Done => ({ kind: "bad", line, code, message });
  // The parser's own message would quote the row, and with it a token.
  if (value === undefined)
    return bad("invalid_input", toEnd ? "from here to the end this is not JSON" : "this is not JSON");
  const account = accountOf(value);
  const earlier = seen.get(JSON.stringify(account));
  if (earlier !== undefined) return bad("invalid_input", `the same account stands in line ${earlier}`);
  if (account !== null) seen.set(JSON.stringify(account), line);
  try {
    if (skipKnown && account !== null && (await engine.prisma.connection.count({ where: account })) > 0)
      return { kind: "skipped" };
    return { kind: "stored", row: { line, ...(await evertoken.connections.import(value as ImportInput)) } };
  } catch (error) {
    if (error instanceof EvertokenError && !error.code.endsWith("_unavailable")) return bad(error.code, error.message);
    throw error;
  }
}

/** What makes a connection one of its kind; null when the row is too wrong to say. */
function accountOf(value: unknown): { userId: string; provider: string; externalAccountId: string } | null {
  if (typeof value !== "object" || value === null) return null;
  const { userId, provider, externalAccountId = "default" } = value as Record<string, unknown>;
  if (typeof userId !== "string" || typeof provider !== "string" || typeof externalAccountId !== "string") return null;
  return { userId: userId.trim(), provider: provider.trim(), externalAccountId: externalAccountId.trim() };
}

function toReport(done: readonly Done[]): Report {
  const connections = done.flatMap((each) => (each.kind === "stored" ? [each.row] : []));
  return {
    imported: connections.filter(({ reconnected }) => !reconnected).length,
    reconnected: connections.filter(({ reconnected }) => reconnected).length,
    skipped: done.filter(({ kind }) => kind === "skipped").length,
    bad: done.flatMap((each) =>
      each.kind === "bad" ? [{ line: each.line, code: each.code, message: each.message }] : [],
    ),
    connections,
  };
}

function summary({ imported, reconnected, skipped, bad, connections }: Report): string[] {
  const unscheduled = connections.filter(({ scheduled }) => !scheduled).length;
  const counts = `${imported} imported, ${reconnected} reconnected, ${skipped} skipped, ${bad.length} bad`;
  return unscheduled === 0
    ? [counts]
    : [counts, `Redis is away: ${unscheduled} jobs are added when it is back and the scheduler runs`];
}
