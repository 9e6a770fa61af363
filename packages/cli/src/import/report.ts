import { table } from "../table.ts";
import type { SkippedRow, StoredRow } from "./import-row.ts";
import { inWords, type Place } from "./row.ts";
import type { Counts, ProviderCounts } from "./tally.ts";

export interface ImportReport extends Counts {
  /** null: rows in our form. */
  readonly from: string | null;
  /** Nothing was stored: the counts say what would be. */
  readonly dryRun: boolean;
  /** Rows of an earlier run that this one went on from. */
  readonly resumedAfter: number;
  readonly providers: readonly ProviderCounts[];
  readonly reasons: readonly { code: string; message: string; rows: number; first: Place }[];
  readonly unknownFields: readonly { field: string; rows: number; hint: string }[];
  readonly unscheduled: number;
  /** Those that this run stored, the first ten thousand. */
  readonly connections: readonly StoredRow[];
  /** Those that this run left as they are, the first ten thousand. */
  readonly skippedRows: readonly SkippedRow[];
}

const mostNotes = 100;

export const inCounts = ({ imported, reconnected, skipped, refused }: Counts) =>
  `${imported} imported, ${reconnected} reconnected, ${skipped} skipped, ${refused} bad`;

export function summary(report: ImportReport): string[] {
  const { dryRun, providers, unscheduled } = report;
  const counts = inCounts(report);
  const head = ["PROVIDER", "NEW", "RECONNECTED", "SKIPPED", "BAD", "WITHOUT REFRESH TOKEN", "END UNKNOWN"];
  const rows = providers.map((each) => [
    each.provider,
    ...[each.imported, each.reconnected, each.skipped, each.refused, each.withoutRefreshToken, each.endUnknown],
  ]);
  return [
    dryRun ? `Nothing was stored. It would be: ${counts}` : counts,
    ...(dryRun || report.from !== null ? table(head, rows) : []),
    ...(unscheduled === 0
      ? []
      : [`Redis is away: ${unscheduled} jobs are added when it is back and the scheduler runs`]),
  ];
}

/** By line, and by reason where there are too many lines. */
export function notes(report: ImportReport): string[] {
  const { connections, skippedRows, bad, refused, reasons, unknownFields } = report;
  const notNewer = skippedRows.filter(({ why }) => why === "not_newer");
  const few = refused <= mostNotes;
  return [
    ...most(connections.flatMap(({ warnings, ...row }) => warnings.map((each) => `${inWords(row)}: ${each}`))),
    ...most(
      notNewer.map(
        (row) =>
          `${inWords(row)}: skipped: ${row.id} may hold newer tokens than this row (--overwrite takes the row's)`,
      ),
    ),
    ...(few ? bad.map((row) => `${inWords(row)}: ${row.message} (${row.code})`) : []),
    ...(few
      ? []
      : reasons.map(
          ({ rows, first, code, message }) => `${rows} rows, ${inWords(first)} the first: ${message} (${code})`,
        )),
    ...unknownFields.map(({ field, rows, hint }) => `not read: ${field} (${rows} rows)${hint}`),
    ...ends(report),
  ];
}

function most(lines: readonly string[]): string[] {
  const left = lines.length - mostNotes;
  return left <= 0 ? [...lines] : [...lines.slice(0, mostNotes), `and ${left} more of the kind: --json lists them`];
}

/** What was taken although it lacks something. */
function ends({ providers, from }: ImportReport): string[] {
  if (from === null) return [];
  const sum = (of: (each: ProviderCounts) => number) => providers.reduce((total, each) => total + of(each), 0);
  const [bare, unknown] = [sum((each) => each.withoutRefreshToken), sum((each) => each.endUnknown)];
  return [
    ...(bare === 0
      ? []
      : [`${bare} have no refresh token: where access tokens end, their users have to connect again`]),
    ...(unknown === 0
      ? []
      : [`${unknown} do not say when their access token ends: with a refresh token it is refreshed at once`]),
  ];
}
