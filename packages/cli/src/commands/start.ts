import type { Command } from "commander";
import { listenForInterrupts } from "../interrupts.ts";
import type { Io } from "../io.ts";
import type { Run } from "../run.ts";
import { bringUp, type StartOptions } from "../start/bring-up.ts";
import { createNarrator } from "../start/narrator.ts";
import { claimStart } from "../start/single-start.ts";
import { Stoppables } from "../start/stoppables.ts";
import { wholeNumber } from "../whole-number.ts";

export function addStart(program: Command, run: Run): void {
  program
    .command("start")
    .description(
      "run everything on this machine until Ctrl-C: Postgres, Redis, worker, scheduler, dashboard, API, a demo",
    )
    .option("--accounts <n>", "how many demo accounts to connect", wholeNumber(0, 1000), 5)
    .option("--no-demo", "no demo authorization server and no demo accounts")
    .addHelpText("after", help)
    .action(run(start));
}

const help = `
Data, logs and generated secrets are kept in .evertoken/ in the working directory, and are found again by the next start.
With DATABASE_URL or REDIS_URL set, those are used instead. With --json, each event is one line of JSON.`;

/** Exit code 0 after a clean stop, 1 when something did not start, 130 when it was interrupted before it was ready. */
async function start(io: Io, options: StartOptions): Promise<number> {
  const narrator = createNarrator(io);
  const stoppables = new Stoppables();
  const interrupts = listenForInterrupts({
    onFirst: () => narrator.say("Stopping: running refreshes finish first. Ctrl-C again ends everything at once."),
    onSecond: () => {
      stoppables.kill();
      process.exit(130);
    },
  });
  let ready = false;
  try {
    stoppables.add(await claimStart(io.cwd));
    await bringUp({ io, options, narrator, stoppables, signal: interrupts.signal });
    ready = true;
    await interrupts.requested;
    return 0;
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
    return ready ? 0 : 130;
  } finally {
    await stoppables.stop();
    interrupts.stop();
    if (ready) narrator.event("stopped", {}, ["Stopped. What is in .evertoken/ is found again by the next start."]);
  }
}
