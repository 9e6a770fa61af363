import { deliverOutbox, type OutboxEvent } from "@evertoken/adapters";
import type { Queue } from "bullmq";
import { nextDue } from "./delivery.ts";
import { type DrainDeps, drainEndpoint } from "./drain-endpoint.ts";
import { syncSettingsEndpoints } from "./endpoint.ts";
import { fanOut } from "./fan-out.ts";

export interface NotifierDeps extends DrainDeps {
  readonly queue: Queue;
  /** Sees each event once, as far as that can be promised. */
  readonly onEvent: (event: OutboxEvent) => void;
}

/** Sends due deliveries of one endpoint; `deliver` is the job that finds work for these. */
export const endpointJob = "endpoint";

const sweepMs = 200;

/**
 * The two jobs of the `notifications` queue.
 *
 * `deliver` turns new events into deliveries (rows in Postgres, one per endpoint that wants the event) and adds an `endpoint` job for
 * each endpoint at the time of its next delivery. Jobs carry nothing but the endpoint's id and may get lost: the next `deliver`, which
 * reconcile asks for every minute, adds them again.
 *
 * An endpoint has at most one job at work per process, so that a slow or dead receiver never holds the slots of others.
 */
export class Notifier {
  readonly #deps: NotifierDeps;
  /** Endpoints at work, and whether to look again before stopping. */
  readonly #draining = new Map<string, { again: boolean }>();
  #settingsSynced: Promise<void> | null = null;
  #sweptAt = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(deps: NotifierDeps) {
    this.#deps = deps;
  }

  /** @returns how many events were turned into deliveries */
  async deliver(): Promise<number> {
    const { pool, notify, onEvent } = this.#deps;
    this.#settingsSynced ??= syncSettingsEndpoints(pool, notify).catch((error) => {
      this.#settingsSynced = null;
      throw error;
    });
    await this.#settingsSynced;
    let total = 0;
    for (;;) {
      const events = await deliverOutbox(pool, async (client, page) => {
        const ids = page.map(({ id }) => id);
        await fanOut(client, ids, notify.alertWindowMs);
      });
      for (const event of events) onEvent(event);
      total += events.length;
      if (events.length === 0) break;
    }
    await this.#sweepSoon();
    return total;
  }

  /** Nudges come in crowds, and a look at all that is pending serves a crowd: at most one in this time. */
  async #sweepSoon(): Promise<void> {
    const waitMs = this.#sweptAt + sweepMs - Date.now();
    if (waitMs <= 0) return this.#sweep();
    this.#timer ??= setTimeout(() => {
      // What goes wrong here is made good by the next nudge, which comes every minute.
      void this.#sweep().catch(() => undefined);
    }, waitMs);
  }

  async #sweep(): Promise<void> {
    this.#timer = null;
    this.#sweptAt = Date.now();
    for (const { endpointId, at } of await nextDue(this.#deps.pool)) {
      await this.#schedule(endpointId, at, String(at.getTime()));
    }
  }

  async drain(endpointId: string): Promise<void> {
    const running = this.#draining.get(endpointId);
    if (running !== undefined) {
      running.again = true;
      return;
    }
    const state = { again: true };
    this.#draining.set(endpointId, state);
    try {
      while (state.again) {
        state.again = false;
        await drainEndpoint(endpointId, this.#deps);
      }
    } finally {
      this.#draining.delete(endpointId);
    }
    // Its own name: a job of the same id may be this one, which still counts as running.
    for (const { at } of await nextDue(this.#deps.pool, endpointId)) {
      await this.#schedule(endpointId, at, `${at.getTime()}-after-${Date.now()}`);
    }
  }

  async #schedule(endpointId: string, at: Date, name: string): Promise<void> {
    await this.#deps.queue.add(
      endpointJob,
      { endpointId },
      {
        jobId: `to-${endpointId}-${name}`,
        delay: Math.max(0, at.getTime() - Date.now()),
        attempts: 3,
        backoff: { type: "exponential", delay: 1000 },
        removeOnComplete: true,
        removeOnFail: true,
      },
    );
  }
}
