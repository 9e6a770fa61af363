import type { Pool } from "pg";

/** An attempt, as the refresh log has it. */
export interface Attempt {
  readonly id: string;
  readonly at: Date;
  readonly trigger: string;
  readonly outcome: string;
  readonly success: boolean;
  readonly error_code: string | null;
  readonly message: string | null;
  readonly http_status: number | null;
  readonly duration_ms: number;
  readonly generation: number;
  readonly new_expires_at: Date | null;
}

/** Something that happened to a connection. */
export type TimelineEntry =
  | (Attempt & { readonly kind: "refresh" })
  | { readonly kind: "event"; readonly id: string; readonly at: Date; readonly event: string }
  | {
      readonly kind: "audit";
      readonly id: string;
      readonly at: Date;
      readonly actor: string;
      readonly action: string;
      readonly detail: Readonly<Record<string, unknown>>;
    };

type Kind = TimelineEntry["kind"];

/** Where a page ended, in each of the three sources: ids before these come next. */
export type TimelinePlace = Readonly<Partial<Record<Kind, string>>>;

export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  /** null: that was all. */
  readonly next: TimelinePlace | null;
}

const sources: Record<Kind, string> = {
  refresh: `SELECT 'refresh' AS kind, id, created_at AS at, trigger, outcome, success, error_code, message, http_status, duration_ms, generation,
    new_expires_at FROM refresh_log`,
  event: "SELECT 'event' AS kind, id, created_at AS at, event FROM outbox",
  audit: "SELECT 'audit' AS kind, id, at, actor, action, detail FROM audit_log",
};

const kinds = Object.keys(sources) as Kind[];

/**
 * Attempts, events and audited actions of a connection, newest first. Each source is read in the order of its ids, which is that of
 * its index, and the three are merged by time: so that no entry is left out or shown twice between two pages, though a commit that
 * waited for Postgres has an older time than its id says.
 */
export async function timeline(
  pool: Pool,
  connectionId: string,
  from: TimelinePlace,
  limit: number,
): Promise<Timeline> {
  const read = async (kind: Kind) => {
    const { rows } = await pool.query<TimelineEntry>(
      `${sources[kind]} WHERE connection_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
      [connectionId, from[kind] ?? "9223372036854775807", limit + 1],
    );
    return rows;
  };
  const heads = await Promise.all(kinds.map(read));
  const entries: TimelineEntry[] = [];
  while (entries.length < limit) {
    const next = newest(heads);
    if (next === undefined) break;
    entries.push(next);
  }
  const place = { ...from };
  for (const { kind, id } of entries) place[kind] = id;
  return { entries, next: heads.some((rows) => rows.length > 0) ? place : null };
}

/** Takes the newest of the first ones. */
function newest(heads: readonly TimelineEntry[][]): TimelineEntry | undefined {
  const first = heads.filter((rows) => rows.length > 0).sort((a, b) => time(b) - time(a))[0];
  return first?.shift();
}

const time = ([entry]: readonly TimelineEntry[]): number => entry?.at.getTime() ?? 0;
