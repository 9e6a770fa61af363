import { setTimeout as sleep } from "node:timers/promises";
import type { Row } from "../support/rig.ts";
import { calmDown } from "./calm.ts";
import { places } from "./crew.ts";
import { type Ground, openGround } from "./ground.ts";
import { judge, type Violation } from "./judge.ts";
import { findLeaks } from "./leaks.ts";
import type { TortureOptions } from "./options.ts";
import { torment } from "./torment.ts";
import { Users } from "./users.ts";

interface TableRow {
  readonly what: string;
  readonly count: number | string;
  /** What it has to be; null: it is told, not judged. */
  readonly wanted: 0 | null;
}

export interface Report {
  readonly seed: number;
  readonly table: readonly TableRow[];
  readonly violations: readonly Violation[];
  readonly broken: readonly string[];
  /** All output of all processes, for who looks for the cause. */
  readonly outputs: readonly string[];
}

/** Sets an installation up, torments it until it has refreshed so often, lets it come to rest, and judges. */
export async function runTorture(options: TortureOptions, tell: (line: string) => void): Promise<Report> {
  const ground = await openGround(options);
  const { rig, crew, population, lifeMs } = ground;
  await population.settle(options.connections, lifeMs);
  for (const place of places) await crew.start(place);
  const users = new Users(ground);
  users.tellIds();
  users.start();
  tell(`${options.connections} connections, tokens live ${lifeMs / 1000} s; everything runs`);

  const begunAt = Date.now();
  // Twice the time that it was meant to take is time enough: then it is judged with what there is.
  const deadline = begunAt + options.minutes * 2 * 60_000;
  let granted = 0;
  let over = false;
  const watching = (async () => {
    for (let toldAt = Date.now(); !over; await sleep(500)) {
      granted = (await rig.server.summary().catch(() => ({ granted }))).granted;
      over = granted >= options.refreshes || Date.now() > deadline;
      if (Date.now() - toldAt < 20_000) continue;
      toldAt = Date.now();
      users.tellIds();
      tell(`${granted} refreshed after ${Math.round((toldAt - begunAt) / 1000)} s`);
    }
  })();
  const done = await torment({ ground, users }, options, () => over);
  await watching;
  const minutes = (Date.now() - begunAt) / 60_000;
  await users.stop();
  await crew.revive();
  tell(`the faults are over after ${minutes.toFixed(1)} minutes; waiting until all have come to rest`);
  const calm = await calmDown(ground);
  // At rest, so that no refresh is under way while it is judged.
  await crew.endAll();
  const stuckRows = await describe(ground, calm.stuck);
  const verdict = await judge(ground);
  const summary = await rig.server.summary();
  const leaks = await findLeaks(ground);
  const of = (kind: Violation["kind"]) => verdict.violations.filter((each) => each.kind === kind).length;
  const told = (what: string, count: number | string): TableRow => ({ what, count, wanted: null });
  const zero = (what: string, count: number): TableRow => ({ what, count, wanted: 0 });
  const table = [
    told("refreshes granted", summary.granted),
    told("minutes under torture", minutes.toFixed(1)),
    told("refreshes per second", (granted / minutes / 60).toFixed(0)),
    ...Object.entries(done.counts).map(([name, count]) => told(`fault: ${name}`, count)),
    ...Object.entries(users.counts).map(([what, count]) => told(`users: ${what}`, count)),
    ...Object.entries(verdict.explained).map(([where, count]) => told(`grants whose answer was lost: ${where}`, count)),
    told("spent tokens presented again by the rule of lost answers", verdict.careful),
    told("seconds until all living ones were refreshed again", (calm.tookMs / 1000).toFixed(0)),
    zero("grants lost outside the wire", of("lost")),
    zero("spent twice outside the policy", of("spent twice")),
    zero("two requests of one grant at a time", summary.overlapping),
    zero("healthy, and marked dead", of("marked dead")),
    zero("dead, and its user not asked", of("hidden dead")),
    zero("dead, and asked for again and again", of("asked in vain")),
    zero("one grant taken for two users", users.counts["one grant given for two users: taken"] ?? 0),
    zero("stuck", calm.stuck.length),
    zero("left in the spool", calm.spooled.length),
    zero("processes that did not stop", ground.chronicle.ofKind("neverStopped").length),
    zero("tokens in any output", leaks.length),
    zero("faults that could not be done or undone", done.failed.length),
  ];
  return {
    ...{ seed: options.seed, table, violations: verdict.violations, outputs: crew.outputs() },
    broken: [
      ...table.filter(({ count, wanted }) => wanted === 0 && count !== 0).map(({ what, count }) => `${what}: ${count}`),
      ...stuckRows.map((row) => `stuck: ${row}`),
      ...calm.spooled.slice(0, 20).map((name) => `left in the spool: ${name}`),
      ...leaks.slice(0, 20),
      ...done.failed,
    ],
  };
}

/** What stands against the refresh of those that are stuck. */
async function describe({ rig }: Ground, ids: readonly string[]): Promise<string[]> {
  const { rows } = await rig.pool.query<Row & { id: string; generation: number }>(
    `SELECT id, status, last_error_code, last_error_message, generation, lease_owner, next_refresh_at, not_before, expires_at
      FROM connections WHERE id = ANY($1) LIMIT 20`,
    [ids],
  );
  return Promise.all(rows.map(async (row) => JSON.stringify({ ...row, job: await rig.job(row) })));
}
