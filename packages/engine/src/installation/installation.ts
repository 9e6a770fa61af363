import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createReadInstallation,
  type DatabaseClock,
  describeError,
  foundInstallation,
  type Ground,
  goOn,
  holdInstallation,
  type InstallationFacts,
  type InstallationMemory,
  type Logger,
  moveBeat,
  nowhere,
  withInstallationLock,
} from "@evertoken/adapters";
import {
  type HeldWhy,
  heldReason,
  type InstallationSettings,
  judgeInstallation,
  type Memories,
  type Memory,
} from "@evertoken/core";
import type { Pool } from "pg";
import { EvertokenError } from "../evertoken-error.ts";

/** Why nothing is spent. `comparing`: for the moments in which what a failover lost is looked for. `clock`: ours is far off. */
export interface Held {
  readonly why: HeldWhy | "comparing" | "clock";
  readonly reason: string;
}

export interface InstallationDeps {
  readonly pool: Pool;
  readonly clock: DatabaseClock;
  readonly memory: InstallationMemory;
  readonly logger: Logger;
  readonly settings: InstallationSettings;
  /** Puts back the leases of requests of this process that are on their way. */
  readonly claimAgain: () => Promise<void>;
  /** Puts back what a failover lost, and marks the connections of which more is known than their row. */
  readonly compare: () => Promise<object>;
  /** The database was found to be the true one, by this process of all. */
  readonly onBeat: () => Promise<void>;
}

/** How often a process that lives long looks, and moves the beat on; others look again when they claim and this has passed. */
const lookMs = 1000;
const staleMs = 5000;
const sayAgainMs = 60_000;

/** In this time every process has looked, has put its leases back, and has kept what it could not commit. */
const othersLookMs = 2500;

/** Others wait as long before they look again. */
const othersLookAgainMs = othersLookMs + 1500;

/**
 * Watches whether the database is the true one, and lets nothing be spent while that is in doubt. The claim's own statement looks as
 * well ({@link Ground}): between two looks a failover gives no lease.
 */
export class Installation {
  readonly memory: InstallationMemory;
  readonly #deps: InstallationDeps;
  readonly #listeners = new Set<() => void>();
  readonly #read: () => Promise<InstallationFacts>;
  #own: Memory | null = null;
  #ground = nowhere;
  /** undefined: not looked yet. */
  #held: Held | null | undefined = undefined;
  #looking: Promise<void> | null = null;
  #comparing: Promise<void> | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #saidAt = Number.NEGATIVE_INFINITY;
  #oddAt = Number.NEGATIVE_INFINITY;
  #onDiskAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(deps: InstallationDeps) {
    this.#deps = deps;
    this.memory = deps.memory;
    this.#read = createReadInstallation(deps.pool, deps.clock);
  }

  /** For the claim's statement, which may be sent long after its order came: in doubt there is none, and it gives no lease. */
  ground = (): Ground => this.#ground;

  /** As far as is known; null: all is well, or nobody has looked yet. */
  get held(): Held | null {
    return this.#held ?? null;
  }

  /** Why nothing may be spent, and nothing be done to jobs; null: all is well. @throws when Postgres is away and nobody has looked yet */
  async standing(): Promise<Held | null> {
    const age = performance.now() - this.#lookedAt;
    if (this.#held === undefined || (this.#held !== null && age > lookMs)) await this.look();
    else if (age > staleMs) void this.look().catch(() => {});
    return this.held;
  }

  /** @throws {EvertokenError} `held` */
  async require(): Promise<void> {
    const held = await this.standing();
    if (held !== null) throw heldError(held);
  }

  /** Looks now; callers at the same time share a look. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Told whenever it is held, or goes on. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Looks every second from now on. */
  watch(): void {
    this.#timer ??= setInterval(() => void this.look().catch(() => {}), lookMs);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await Promise.allSettled([this.#looking, this.#comparing]);
  }

  async #look(): Promise<void> {
    const { settings } = this.#deps;
    // Before the row: what is remembered can never be ahead of it.
    const { memories, redisAnswered } = await this.#remember();
    const facts = await this.#read();
    this.#lookedAt = performance.now();
    if (this.#comparing !== null) return;
    const { trouble } = this.#deps.clock;
    if (trouble?.farOff) return this.#stop({ why: "clock", reason: `the clock of this host is ${trouble.words}` });
    if (trouble !== null) this.#sayOdd(trouble.words);
    const verdict = judgeInstallation(facts.row, facts.server, memories, settings);
    switch (verdict.kind) {
      case "held":
        // A Redis that is away may remember that it is a failover: what an operator has to undo is not decided without it.
        if (!redisAnswered)
          return this.#stop({ why: verdict.why, reason: `${heldReason(verdict.why)}, or Redis knows more` });
        return this.#hold(verdict.why, facts);
      case "behind":
        return this.#startComparing(verdict.byMs, facts, memories);
      case "original":
        return this.#free(facts, memories);
      default:
        return verdict satisfies never;
    }
  }

  /** The disk is asked once: from then on this process remembers more. */
  async #remember(): Promise<{ memories: Memories; redisAnswered: boolean }> {
    const { memory } = this.#deps;
    const answer = await memory.redis.read().catch(() => undefined);
    const [redis, redisAnswered] = [answer ?? null, answer !== undefined];
    if (this.#own !== null) return { redisAnswered, memories: { redis, disk: null, own: this.#own } };
    const { row } = await this.#read();
    const disk = row === null ? null : await memory.disk.read(row.identity);
    return { redisAnswered, memories: { redis, disk, own: null } };
  }

  async #free(facts: InstallationFacts, memories: Memories): Promise<void> {
    const { pool, logger } = this.#deps;
    if (facts.row === null) {
      await foundInstallation(pool, randomUUID(), facts.server);
      return this.#look();
    }
    const { identity } = facts.row;
    const moved = facts.beatIsDue ? await moveBeat(pool, facts.startedAt) : null;
    const beatAt = moved ?? facts.row.beatAt;
    // Another server, or one that began anew: its row of a connection may be from before our claim.
    if (this.#ground.startedAt !== facts.startedAt) await this.#deps.claimAgain();
    this.#own = { identity, beatAt };
    this.#ground = { identity, beatAt, startedAt: facts.startedAt };
    if (this.#held) logger.info("the installation is released: refreshing goes on");
    this.#set(null);
    // Behind the back of whoever waits: Redis may be away.
    if (moved !== null || memories.redis === null) void this.#keep(this.#own);
  }

  /** Never throws: one of the places is enough, and this process remembers too. */
  async #keep(own: Memory): Promise<void> {
    const { memory, logger } = this.#deps;
    await memory.redis.write(own).catch(() => {});
    await this.#deps.onBeat().catch(() => {});
    if (performance.now() - this.#onDiskAt < staleMs) return;
    this.#onDiskAt = performance.now();
    await memory.disk.write(own).catch((error: unknown) => {
      logger.debug({ err: describeError(error) }, "the installation could not be remembered on disk");
    });
  }

  async #hold(why: HeldWhy, facts: InstallationFacts): Promise<void> {
    const { pool } = this.#deps;
    this.#stop({ why, reason: heldReason(why) });
    if (facts.row === null) await foundInstallation(pool, randomUUID(), facts.server);
    await holdInstallation(pool, why, heldReason(why));
  }

  #stop(held: Held): void {
    this.#ground = nowhere;
    const news = this.#held?.why !== held.why;
    this.#set(held);
    if (!news && performance.now() - this.#saidAt < sayAgainMs) return;
    this.#saidAt = performance.now();
    const { logger } = this.#deps;
    if (held.why === "clock") logger.error(held, "held: set the clock of this host (NTP); it goes on by itself then");
    else if (held.why === "comparing")
      logger.warn(held, "a failover: what it lost is looked for before anything is spent");
    else logger.error(held, "held: nothing is spent until an operator says which database is true (evertoken adopt)");
  }

  #set(held: Held | null): void {
    const news = this.#held !== undefined && (this.#held === null) !== (held === null);
    this.#held = held;
    if (news) for (const listener of this.#listeners) listener();
  }

  /** Times are Postgres', so nothing goes wrong by it but that this process is early, or late, for its jobs. */
  #sayOdd(words: string): void {
    if (performance.now() - this.#oddAt < sayAgainMs) return;
    this.#oddAt = performance.now();
    this.#deps.logger.warn(
      { clock: words },
      "the clock of this host is not Postgres': let both keep their time by NTP",
    );
  }

  #startComparing(byMs: number, facts: InstallationFacts, memories: Memories): void {
    this.#stop({ why: "comparing", reason: "what a failover lost is looked for" });
    this.#comparing = this.#deps
      .claimAgain()
      .then(() => sleep(othersLookMs, undefined, { ref: false }))
      .then(() => this.#compare(byMs, facts, memories))
      .catch((error: unknown) => {
        this.#deps.logger.warn({ err: describeError(error) }, "what a failover lost could not be looked for yet");
      })
      .finally(() => {
        this.#comparing = null;
      });
  }

  async #compare(byMs: number, looked: InstallationFacts, memories: Memories): Promise<void> {
    const { pool, compare, claimAgain, logger } = this.#deps;
    const remembered = [memories.redis, memories.disk, memories.own].map((memory) => memory?.beatAt.getTime() ?? 0);
    await withInstallationLock(pool, async () => {
      // Another process may have done it meanwhile.
      const { row } = await this.#read();
      const again = judgeInstallation(row, looked.server, memories, this.#deps.settings);
      if (again.kind !== "behind") return;
      const report = await compare();
      // A row that was put back has no lease: whoever has a request on its way for it claims it again when he looks next.
      await claimAgain();
      await sleep(othersLookAgainMs);
      await goOn(pool, looked, new Date(Math.max(...remembered)));
      logger.warn({ behindMs: byMs, ...report }, "the failover is made good: refreshing goes on");
    });
  }
}

function heldError({ why, reason }: Held): EvertokenError {
  const passes = why === "comparing" || why === "clock";
  const todo = passes ? "it goes on by itself" : "run `evertoken adopt` to see what to do";
  const retryAt = passes ? new Date(Date.now() + lookMs) : null;
  return new EvertokenError("held", `nothing is spent: ${reason}; ${todo}`, { retryAt });
}
