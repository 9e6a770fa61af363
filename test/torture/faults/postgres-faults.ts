import { setTimeout as sleep } from "node:timers/promises";
import { type Faults, pauseBetween, pick } from "./fault.ts";

export const postgresFaults: Faults = {
  async restartPostgres({ ground: { postgres }, random }) {
    await postgres.primary.kill(pick(["SIGKILL", "SIGINT"] as const, random));
    await pauseBetween(0, 3000, random);
    await postgres.primary.start();
  },
  async killWorkerWhilePostgresIsAway({ ground: { postgres, crew }, random }) {
    await postgres.primary.kill("SIGINT");
    await pauseBetween(200, 800, random);
    await crew.end(pick(["worker-1", "worker-2"] as const, random), "SIGKILL");
    await postgres.primary.start();
    await crew.revive();
  },
  async freezePostgres({ ground: { postgres }, random }) {
    await postgres.signal("SIGSTOP");
    await pauseBetween(1000, 13_000, random);
    await postgres.signal("SIGCONT");
  },
  async slowPostgres({ ground: { wires }, random }) {
    for (const { postgres } of wires.values()) postgres.delay(100 + random() * 900);
    await pauseBetween(2000, 6000, random);
    for (const { postgres } of wires.values()) await postgres.resume();
  },
  /** As a long transaction of somebody's, or a vacuum that was cancelled too late. */
  async lockRows({ ground: { postgres, population }, random }) {
    const ids = Array.from({ length: 25 }, () => pick(population.members, random).id);
    await postgres.lockRows(ids, pauseBetween(1000, 14_000, random));
  },
  /** The standby is some hundred milliseconds behind: what was committed in that time is gone. */
  async failOverPostgres({ ground: { postgres }, users, random }) {
    const goOn = await users.quiet();
    try {
      await postgres.addStandby(100 + random() * 400);
      await sleep(2000);
      await postgres.failOver();
    } finally {
      goOn();
    }
  },
};
