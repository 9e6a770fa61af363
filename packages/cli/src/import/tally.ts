import type { BadRow, Done, SkippedRow, StoredRow } from "./import-row.ts";
import type { Place } from "./row.ts";

export interface Counts {
  readonly imported: number;
  readonly reconnected: number;
  readonly skipped: number;
  /** Rows of which nothing was stored. */
  readonly refused: number;
  /** The first of them. */
  readonly bad: readonly BadRow[];
}

/** What becomes of the rows of one provider. */
export interface ProviderCounts {
  readonly provider: string;
  imported: number;
  reconnected: number;
  skipped: number;
  refused: number;
  /** Of those that are taken: their users have to come when the access token ends. */
  withoutRefreshToken: number;
  /** Of those that are taken: nobody knows when the access token ends. */
  endUnknown: number;
}

/** What is said of a row besides what became of it. */
export interface Judged {
  readonly done: Done;
  readonly provider: string | null;
  readonly withoutRefreshToken: boolean;
  readonly endUnknown: boolean;
}

/** So many rows are listed one by one: of a file of millions, the counts have to do. */
const most = { bad: 1000, rows: 10_000, reasons: 100 };

/** Counts what becomes of rows, in little memory. */
export class Tally {
  readonly #before: Counts;
  readonly #providers = new Map<string, ProviderCounts>();
  readonly #reasons = new Map<string, { code: string; message: string; rows: number; first: Place }>();
  readonly connections: StoredRow[] = [];
  readonly skippedRows: SkippedRow[] = [];
  readonly #bad: BadRow[];
  #imported = 0;
  #reconnected = 0;
  #skipped = 0;
  #refused = 0;
  #rows = 0;
  #unscheduled = 0;

  /** @param before of a run that this one goes on from */
  constructor(before: Counts | null) {
    this.#before = before ?? { imported: 0, reconnected: 0, skipped: 0, refused: 0, bad: [] };
    this.#bad = [...this.#before.bad];
  }

  /** Rows of this run. */
  get rows(): number {
    return this.#rows;
  }

  add(judged: Judged): void {
    const { done, provider } = judged;
    this.#rows++;
    const counts = this.#of(provider ?? "");
    switch (done.kind) {
      case "stored":
        counts[done.row.reconnected ? "reconnected" : "imported"]++;
        if (done.row.reconnected) this.#reconnected++;
        else this.#imported++;
        if (judged.withoutRefreshToken) counts.withoutRefreshToken++;
        if (judged.endUnknown) counts.endUnknown++;
        if (!done.row.scheduled) this.#unscheduled++;
        if (this.connections.length < most.rows) this.connections.push(done.row);
        return;
      case "skipped":
        counts.skipped++;
        this.#skipped++;
        if (this.skippedRows.length < most.rows) this.skippedRows.push(done.row);
        return;
      case "bad":
        counts.refused++;
        this.#refuse(done.row);
        return;
      default:
        done satisfies never;
    }
  }

  counts(): Counts {
    return {
      imported: this.#before.imported + this.#imported,
      reconnected: this.#before.reconnected + this.#reconnected,
      skipped: this.#before.skipped + this.#skipped,
      refused: this.#before.refused + this.#refused,
      bad: this.#bad,
    };
  }

  providers(): ProviderCounts[] {
    return [...this.#providers.values()].sort((a, b) => a.provider.localeCompare(b.provider));
  }

  /** Why rows were refused, the most frequent first. */
  reasons() {
    return [...this.#reasons.values()].sort((a, b) => b.rows - a.rows);
  }

  get unscheduled(): number {
    return this.#unscheduled;
  }

  #of(provider: string): ProviderCounts {
    const known = this.#providers.get(provider);
    if (known !== undefined) return known;
    // Names that nobody knows are as many as a file has rows.
    const name = this.#providers.size < most.reasons ? provider : "";
    const none = { imported: 0, reconnected: 0, skipped: 0, refused: 0, withoutRefreshToken: 0, endUnknown: 0 };
    const counts = this.#providers.get(name) ?? { provider: name, ...none };
    this.#providers.set(name, counts);
    return counts;
  }

  #refuse(row: BadRow): void {
    const { code, message, ...first } = row;
    this.#refused++;
    if (this.#bad.length < most.bad) this.#bad.push(row);
    // One reason, though it names another line or connection each time.
    const reason = message.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…").replaceAll(/\d+/g, "…");
    const known = this.#reasons.get(reason);
    if (known !== undefined) known.rows++;
    else if (this.#reasons.size < most.reasons) this.#reasons.set(reason, { code, message, rows: 1, first });
  }
}
