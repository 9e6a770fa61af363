/**
 * Whether the database in front of us is the true one of this installation.
 *
 * Its one row tells which installation it belongs to and what Postgres said of itself when it was adopted. Postgres tells a copy from the
 * original: a dump that was restored, a database made from a template or another cluster has another oid or system identifier. What Redis,
 * the disk and each living process remember tells an older state: `beatAt` moves on every second, and never back.
 */
export interface InstallationRow extends ServerIdentity {
  readonly identity: string;
  readonly beatAt: Date;
  /** An operator has to decide, whatever is found now. */
  readonly heldWhy: HeldWhy | null;
  readonly releasedAt: Date | null;
}

/** What Postgres says of itself; null: it does not tell. */
export interface ServerIdentity {
  readonly systemIdentifier: string | null;
  /** Moves on when a replica is promoted, and after a restore to a point in time. */
  readonly timeline: number | null;
  /** Of the database: another one after a restore, since it is made anew. */
  readonly databaseOid: number;
}

/** What is kept outside the database. */
export interface Memory {
  readonly identity: string;
  readonly beatAt: Date;
}

export interface Memories {
  readonly redis: Memory | null;
  readonly disk: Memory | null;
  /** Of this process. */
  readonly own: Memory | null;
}

/**
 * `start_held`: asked for by a setting. `copy`: Postgres is another server or database than the one that was adopted. `older`: a state of
 * long ago. `other_redis`: Redis belongs to another installation. `kept_held`: an operator wants it so.
 */
export type HeldWhy = "start_held" | "copy" | "older" | "other_redis" | "kept_held";

export type InstallationVerdict =
  | { readonly kind: "original" }
  /** A failover, or a crash that lost the last moments: what was lost is looked for before anything is spent. */
  | { readonly kind: "behind"; readonly byMs: number }
  | { readonly kind: "held"; readonly why: HeldWhy };

export interface InstallationSettings {
  readonly startHeld: boolean;
  /** How far a replica may lag behind when it takes over. */
  readonly replicaLagMs: number;
}

/** @param row null: the database is new here */
export function judgeInstallation(
  row: InstallationRow | null,
  server: ServerIdentity,
  memories: Memories,
  settings: InstallationSettings,
): InstallationVerdict {
  if (row === null) return judgeNew(memories, settings);
  if (row.heldWhy !== null) return held(row.heldWhy);
  if (settings.startHeld && row.releasedAt === null) return held("start_held");
  if (isAnotherServer(row, server)) return held("copy");
  if (memories.redis !== null && memories.redis.identity !== row.identity) return held("other_redis");
  return judgeAge(row, server, memories, settings);
}

/** Jobs of another installation in Redis are no reason to touch them; a process that knew another database has lost it. */
function judgeNew({ redis, own }: Memories, { startHeld }: InstallationSettings): InstallationVerdict {
  if (startHeld) return held("start_held");
  if (redis !== null) return held("other_redis");
  return own === null ? { kind: "original" } : held("older");
}

function judgeAge(
  row: InstallationRow,
  { timeline }: ServerIdentity,
  memories: Memories,
  { replicaLagMs }: InstallationSettings,
): InstallationVerdict {
  const ours = [memories.redis, memories.disk, memories.own].filter((memory) => memory?.identity === row.identity);
  const remembered = ours.map((memory) => (memory as Memory).beatAt.getTime());
  const byMs = Math.max(0, ...remembered.map((beatAt) => beatAt - row.beatAt.getTime()));
  if (byMs > replicaLagMs) return held("older");
  if (byMs > 0) return { kind: "behind", byMs };
  if (row.timeline === null || timeline === null || row.timeline === timeline) return { kind: "original" };
  // Promoted, and nobody remembers how far it had come: it may be of any age.
  return remembered.length > 0 ? { kind: "behind", byMs } : held("older");
}

function isAnotherServer(row: ServerIdentity, server: ServerIdentity): boolean {
  if (row.databaseOid !== server.databaseOid) return true;
  if (row.systemIdentifier === null || server.systemIdentifier === null) return false;
  return row.systemIdentifier !== server.systemIdentifier;
}

const held = (why: HeldWhy): InstallationVerdict => ({ kind: "held", why });

/** In words, for whoever has to decide. */
export function heldReason(why: HeldWhy): string {
  switch (why) {
    case "start_held":
      return "START_HELD is set";
    case "copy":
      return "this database is a copy: Postgres is another server or database than the one that was adopted";
    case "older":
      return "this database is an older state than the one that was used last";
    case "other_redis":
      return "Redis belongs to another installation: check REDIS_URL and REDIS_PREFIX";
    case "kept_held":
      return "an operator keeps it held";
    default:
      return why satisfies never;
  }
}
