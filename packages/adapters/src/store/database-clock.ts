import { uptime } from "node:os";
import type { Pool } from "pg";

interface Measured {
  readonly databaseMs: number;
  readonly monotonicMs: number;
  readonly wallMs: number;
  readonly uptimeMs: number;
}

/** Measured again after so long by whoever asks; processes that live long measure every second, with what they read anyway. */
const keepMs = 30_000;
/** An answer that took longer says little. */
const slowMs = 1000;
/** Wall and monotonic clock disagree by more: the wall clock was set, or the host was suspended. */
const disagreeMs = 1000;

/** Worth a word. */
const oddMs = 5000;
/** Beyond this nothing is done until the clock is right: due jobs are picked by it, and other programs of this host trust it too. */
const farOffMs = 60_000;

/**
 * Postgres' clock, seen from here: what is stored, or compared with what is stored, is a time of this clock or an interval. Between two
 * measurements it is carried on by clocks that nobody can set. As long as Postgres has not answered it is our own clock.
 */
export class DatabaseClock {
  readonly #pool: Pool;
  #measured: Measured | null = null;
  #measuring: Promise<void> | null = null;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  now = (): Date => {
    const at = this.#measured;
    if (at === null) return new Date();
    const elapsedMs = performance.now() - at.monotonicMs;
    const isSteady = Math.abs(Date.now() - at.wallMs - elapsedMs) < disagreeMs;
    // Only the uptime runs on while a host is suspended; it costs a system call.
    return new Date(at.databaseMs + (isSteady ? elapsedMs : uptime() * 1000 - at.uptimeMs));
  };

  /** By how much our own clock is ahead of Postgres'; negative: behind. */
  get aheadMs(): number {
    return Date.now() - this.now().getTime();
  }

  /** In words for `/readyz` and the log; null: the clock is right. */
  get trouble(): { readonly farOff: boolean; readonly words: string } | null {
    const { aheadMs } = this;
    if (Math.abs(aheadMs) < oddMs) return null;
    const words = `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? "ahead of" : "behind"} Postgres`;
    return { farOff: Math.abs(aheadMs) > farOffMs, words };
  }

  /** Waits for the first measurement, if Postgres answers; later ones happen behind the caller's back. Never throws. */
  async known(): Promise<void> {
    if (this.#measured !== null && performance.now() - this.#measured.monotonicMs < keepMs) return;
    const measuring = this.measure().catch(() => {});
    if (this.#measured === null) await measuring;
  }

  measure(): Promise<void> {
    this.#measuring ??= this.with(
      () => this.#pool.query<{ now: Date }>("SELECT clock_timestamp() AS now"),
      ({ rows }) => rows[0]?.now ?? null,
    )
      .then(() => {})
      .finally(() => {
        this.#measuring = null;
      });
    return this.#measuring;
  }

  /** Measures with an answer that tells the time besides. */
  async with<T>(ask: () => Promise<T>, time: (answer: T) => Date | null): Promise<T> {
    const before = performance.now();
    const answer = await ask();
    const monotonicMs = performance.now();
    const tookMs = monotonicMs - before;
    const told = time(answer);
    const isOld = this.#measured === null || monotonicMs - this.#measured.monotonicMs > keepMs;
    if (told !== null && (tookMs < slowMs || isOld)) {
      const databaseMs = told.getTime() + tookMs / 2;
      this.#measured = { databaseMs, monotonicMs, wallMs: Date.now(), uptimeMs: uptime() * 1000 };
    }
    return answer;
  }
}
