import {
  createBatcher,
  defaultBatching,
  describeError,
  knownPostgresTrouble,
  type Logger,
  onceAMinute,
} from "@evertoken/adapters";
import type { Pool } from "pg";

/** Who did what. Never holds a value: no token, no secret, no address that is one. */
export interface AuditEntry {
  /**
   * `key:<id>`, `user:<hash>`, `person:<name>` of the dashboard, `host:<user>` of a command, `app:<user>` of an app that embeds the engine,
   * `nobody` or `system`.
   */
  readonly actor: string;
  /** Such as `token.read`. */
  readonly action: string;
  readonly connectionId?: string | null;
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
  /** From where: an address, or the host of a command. */
  readonly address?: string | null;
}

export interface AuditTrailDeps {
  readonly pool: Pool;
  readonly logger: Logger;
  readonly now: () => Date;
}

interface Counted {
  readonly entry: AuditEntry;
  readonly since: Date;
  count: number;
}

/** Nobody waits for these: few and large statements cost this process a third less, and one at a time leaves the pool to others. */
const inBulk = { maxSize: 1000, maxRunning: 1 };

const flushEveryMs = 60_000;
/** Different ones. Then they are written before the minute is over. */
const flushAt = 10_000;
/** Of refusals, in a minute. */
const mostPlaces = 1000;
/** While Postgres is away. */
const mostKept = 100_000;

/**
 * Writes the audit log: what changes something at once, what happens all the time in bulk. Of entries that are alike in a minute one row is
 * written, with `count` and `since`; so a token read costs no statement, and a flood of refusals no row for each. What is counted and not
 * yet written is lost with the process (kill -9): a minute of it.
 */
export class AuditTrail {
  /** Resolves when it is stored; entries of many callers share a statement. @throws when it is not */
  readonly write: (entry: AuditEntry) => Promise<void>;
  /** The same for what nobody waits for. */
  readonly #writeLater: (entry: AuditEntry) => Promise<void>;
  readonly #deps: AuditTrailDeps;
  readonly #fail: (error: unknown) => void;
  readonly #writing = new Set<Promise<unknown>>();
  #counted = new Map<string, Counted>();
  #flushing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #places = 0;
  #closed = false;

  constructor(deps: AuditTrailDeps) {
    this.#deps = deps;
    const insertAll = createBatcher((entries: readonly AuditEntry[]) => insert(deps.pool, entries), defaultBatching);
    const insertCounted = createBatcher((entries: readonly AuditEntry[]) => insert(deps.pool, entries), inBulk);
    this.write = (entry) => this.#watch(insertAll(entry));
    this.#writeLater = (entry) => this.#watch(insertCounted(entry));
    this.#fail = onceAMinute((error: unknown) =>
      deps.logger.error(
        { err: describeError(error) },
        "the audit log cannot be written: it is tried again every minute",
      ),
    );
  }

  /** Of what is done already, and is not undone because Postgres went away meanwhile: resolves when it is stored, or kept to be counted. */
  async record(entry: AuditEntry): Promise<void> {
    await this.write(entry).catch((error) => this.#keep(error, { entry, count: 1, since: this.#deps.now() }));
  }

  /** @returns whether none like it is waiting to be written */
  count(entry: AuditEntry): boolean {
    const key = keyOf(entry);
    const found = this.#counted.get(key);
    if (found !== undefined) {
      found.count++;
      return false;
    }
    this.#add(key, { entry, count: 1, since: this.#deps.now() });
    return true;
  }

  /** Of anybody who may send what he likes: beyond a thousand places those that are new are counted together, without an address. */
  countRefusal(entry: AuditEntry): boolean {
    if (this.#counted.has(keyOf(entry))) return this.count(entry);
    this.#places++;
    return this.count(this.#places > mostPlaces ? { ...entry, address: null } : entry);
  }

  /** Writes what was counted. What Postgres cannot take now is kept. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#writeCounted());
    return this.#flushing;
  }

  /** The last chance of what was counted; before the pool is closed. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#writing);
    await this.flush();
    const lost = this.#counted.size;
    if (lost > 0) this.#deps.logger.error({ entries: lost }, "closed without Postgres: these are not in the audit log");
  }

  async #writeCounted(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counted = [...this.#counted.values()];
    this.#counted = new Map();
    this.#places = 0;
    await Promise.all(
      counted.map((each) => this.#writeLater(withCount(each)).catch((error: unknown) => this.#keep(error, each))),
    );
  }

  /** An entry that Postgres refuses for what it is would be refused for ever. */
  #keep(error: unknown, { entry, count, since }: Counted): void {
    this.#fail(error);
    if (knownPostgresTrouble(error) === "refused") return;
    const key = keyOf(entry);
    const found = this.#counted.get(key);
    this.#add(key, { entry, since, count: count + (found?.count ?? 0) });
  }

  #add(key: string, counted: Counted): void {
    if (this.#counted.size >= mostKept) {
      this.#fail(new Error("too many entries wait"));
      return;
    }
    this.#counted.set(key, counted);
    if (this.#closed) return;
    if (this.#counted.size === flushAt) void this.flush();
    // A process that has nothing else to do need not stay for it: whoever is done closes.
    else this.#timer ??= setTimeout(() => void this.flush(), flushEveryMs).unref();
  }

  #watch(writing: Promise<undefined>): Promise<undefined> {
    this.#writing.add(writing);
    const forget = () => this.#writing.delete(writing);
    writing.then(forget, forget);
    return writing;
  }
}

const keyOf = ({ actor, action, connectionId = null, address = null, detail = {} }: AuditEntry): string =>
  `${actor}\n${action}\n${connectionId}\n${address}\n${JSON.stringify(detail)}`;

const withCount = ({ entry, count, since }: Counted): AuditEntry => ({
  ...entry,
  detail: { ...entry.detail, count, since: since.toISOString() },
});

async function insert(pool: Pool, entries: readonly AuditEntry[]): Promise<undefined[]> {
  await pool.query({
    name: "audit-insert",
    text: `INSERT INTO audit_log (actor, action, connection_id, detail, address)
      SELECT actor, action, connection_id, detail::jsonb, address
      FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[]) AS e(actor, action, connection_id, detail, address)`,
    values: [
      entries.map(({ actor }) => actor),
      entries.map(({ action }) => action),
      entries.map(({ connectionId = null }) => connectionId),
      entries.map(({ detail = {} }) => JSON.stringify(detail)),
      entries.map(({ address = null }) => address),
    ],
  });
  return entries.map(() => undefined);
}
