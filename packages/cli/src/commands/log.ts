import type { Command } from "commander";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import type { Run } from "../run.ts";
import { table } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";

export function addLog(program: Command, run: Run): void {
  program
    .command("log <id>")
    .description("the refresh attempts of a connection, newest first")
    .option("--limit <n>", "at most this many", wholeNumber(1, 1000), 20)
    .action(run(log));
}

async function log(io: Io, id: string, { limit }: { limit: number }): Promise<undefined> {
  await withEngine(io, async ({ evertoken }) => {
    const connection = await evertoken.connections.get(id);
    const rows = await evertoken.connections.log(connection.id, limit);
    const lines = () =>
      table(
        ["TIME", "TRIGGER", "OUTCOME", "GENERATION", "HTTP", "MS", "NEW EXPIRY", "MESSAGE"],
        rows.map((row) => [
          row.createdAt.toISOString(),
          row.trigger,
          row.outcome,
          row.generation,
          row.httpStatus,
          row.durationMs,
          row.newExpiresAt?.toISOString(),
          [row.errorCode, row.message].filter((part) => part !== null).join(": "),
        ]),
      );
    io.result(rows, () => (rows.length === 0 ? ["no attempt yet"] : lines()));
  });
}
