import type { Place } from "../crew.ts";
import { type Fault, type Faults, pauseBetween, pick, refreshers } from "./fault.ts";

const kill =
  (...places: Place[]): Fault =>
  async ({ ground: { crew }, random }) => {
    await crew.end(pick(places, random), "SIGKILL");
    await pauseBetween(0, 1500, random);
    await crew.revive();
  };

/** Longest: beyond every lease and deadline, and beyond the life of a token. */
const freezesMs = [1000, 2500, 4000, 7000, 12_000, 20_000, 90_000];

/** The processes die, stop, stand still. */
export const processFaults: Faults = {
  killWorker: kill("worker-1", "worker-2"),
  killScheduler: kill("scheduler"),
  killApi: kill("api"),
  killCaller: kill("caller"),
  async killBothWorkers({ ground: { crew }, random }) {
    await Promise.all([crew.end("worker-1", "SIGKILL"), crew.end("worker-2", "SIGKILL")]);
    await pauseBetween(0, 3000, random);
    await crew.revive();
  },
  /** With refreshes in flight, since there always are some. */
  async stopGracefully({ ground: { crew }, random }) {
    await crew.end(pick([...refreshers, "scheduler"] as const, random), "SIGTERM");
    await crew.revive();
  },
  /** The operator is impatient. */
  async stopTwice({ ground: { crew }, random }) {
    await crew.end(pick(refreshers, random), "SIGTERM", 50 + random() * 1000);
    await crew.revive();
  },
  async freezeOne({ ground: { crew }, random }) {
    // Nine of ten end before the tokens do; the longest would hold up all others too often.
    const longest = random() < 0.1 ? freezesMs.length : freezesMs.length - 1;
    await crew.freeze(pick([...refreshers, "scheduler"] as const, random), pick(freezesMs.slice(0, longest), random));
  },
  async freezeWorkers({ ground: { crew }, random }) {
    const ms = pick(freezesMs.slice(0, 5), random);
    await Promise.all([crew.freeze("worker-1", ms), crew.freeze("worker-2", ms)]);
  },
  async freezeThenKill({ ground: { crew }, random }) {
    const place = pick(["worker-1", "worker-2"] as const, random);
    await crew.freeze(place, pick(freezesMs.slice(0, 4), random));
    await crew.end(place, "SIGKILL");
    await crew.revive();
  },
  /** Backwards and forwards, from a jump of time synchronisation to a clock that was never set. */
  async stepClock({ ground: { crew }, random }) {
    const offsetMs = pick([2000, -2000, 20_000, -20_000, 600_000, -600_000, 86_400_000, -86_400_000], random);
    await crew.stepClock(pick([...refreshers, "scheduler"] as const, random), offsetMs, 2000 + random() * 6000);
    await crew.revive();
  },
  async fillSpoolDisk({ ground: { spool }, random }) {
    if (!spool.canFill) return;
    await spool.fill();
    await pauseBetween(2000, 6000, random);
    await spool.free();
  },
  async lockSpoolDir({ ground: { spool }, random }) {
    await spool.lock();
    await pauseBetween(2000, 6000, random);
    await spool.unlock();
  },
};
