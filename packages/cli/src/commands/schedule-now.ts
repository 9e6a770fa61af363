import type { Command } from "commander";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import type { Run } from "../run.ts";

export function addScheduleNow(program: Command, run: Run): void {
  program
    .command("schedule-now <id>")
    .description("bring a connection's refresh job forward; a worker runs it ahead of routine work")
    .option("--force", "although the provider asked to wait")
    .action(run(scheduleNow));
}

async function scheduleNow(io: Io, id: string, { force = false }: { force?: boolean }): Promise<undefined> {
  await withEngine(io, async ({ evertoken }) => {
    const scheduled = await evertoken.scheduleNow(id, { force });
    const { connectionId } = scheduled;
    const waits = scheduled.dueAt.getTime() > Date.now() + 1000;
    io.result(scheduled, () => [
      waits
        ? `${connectionId} waits until ${scheduled.dueAt.toISOString()}, as its provider asked or a lost answer demands; --force goes before that`
        : `${connectionId} is due now (job ${scheduled.jobId})`,
    ]);
  });
}
