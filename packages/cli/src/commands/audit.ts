import { auditLog, isUuid } from "@evertoken/engine/internal";
import type { Command } from "commander";
import { csv } from "../csv.ts";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import type { Run } from "../run.ts";
import { table } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";

interface AuditOptions {
  readonly connection?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly before?: number;
  readonly limit: number;
  readonly csv?: boolean;
}

export function addAudit(program: Command, run: Run): void {
  program
    .command("audit")
    .description("who did what, newest first")
    .option("--connection <id>", "to this connection")
    .option("--actor <actor>", "by key:<id>, person:<name>, host:<user>, user:<hash>")
    .option("--action <action>", "of this kind, such as connection.disconnected")
    .option("--before <id>", "before this entry: the next page", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--limit <n>", "at most this many", wholeNumber(1, 1000), 100)
    .option("--csv", "as CSV, for a spreadsheet")
    .action(run(audit));
}

const head = ["ID", "AT", "WHO", "FROM", "ACTION", "CONNECTION", "DETAIL"];

async function audit(
  io: Io,
  { connection, actor, action, before, limit, csv: asCsv }: AuditOptions,
): Promise<undefined> {
  if (connection !== undefined && !isUuid(connection))
    throw new UsageError("--connection takes the id of a connection");
  await withEngine(io, async ({ engine }) => {
    const found = await auditLog(engine, {
      ...(connection === undefined ? {} : { connectionId: connection }),
      ...(actor === undefined ? {} : { actor }),
      ...(action === undefined ? {} : { action }),
      ...(before === undefined ? {} : { before: BigInt(before) }),
      limit,
    });
    const entries = found.map((entry) => ({ ...entry, id: String(entry.id) }));
    const rows = entries.map(({ id, at, actor: who, address, action: what, connectionId, detail }) => [
      ...[id, at.toISOString(), who, address, what, connectionId, JSON.stringify(detail)],
    ]);
    io.result(entries, () => {
      if (asCsv === true) return csv(head, rows);
      return rows.length === 0 ? ["nothing"] : table(head, rows);
    });
  });
}
