import { expect, test } from "vitest";
import { runTorture } from "../torture/run-torture.ts";

/** What a host, a database and a network do on a bad day. `npm run torture` knows more, and takes its time (docs/torture.md). */
const faults = [
  ...["killWorker", "killBothWorkers", "killScheduler", "killCaller", "stopGracefully", "stopTwice"],
  ...["restartPostgres", "killWorkerWhilePostgresIsAway", "failOverPostgres"],
  ...["restartRedis", "emptyRedis", "emptyRedisWhilePostgresIsAway", "failOverRedis"],
  ...["cutPostgres", "cutRedis", "cutProvider", "refuseProvider"],
];

test("kills, restarts, flushes and cuts at random: no grant is lost but those whose answer died, no token is spent twice", async () => {
  const seed = Number(process.hrtime.bigint() % 1_000_000_000n);
  console.log(`torture: seed ${seed}`);
  // Ended by the clock: three quarters of a minute.
  const options = { seed, only: faults, minutes: 0.375, refreshes: 1_000_000, connections: 300, lifeSeconds: 12 };
  const { table, broken, violations } = await runTorture(options, () => {});
  console.log(table.map(({ what, count }) => `${what}: ${count}`).join("\n"));
  expect(violations).toEqual([]);
  expect(broken).toEqual([]);
}, 240_000);
