import { auditLog, isUuid } from "@evertoken/engine/internal";
import { auditCsv, auditHead, auditRow } from "@evertoken/operations";
import type { Command } from "commander";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import { optionTime } from "../option-time.ts";
import type { Run } from "../run.ts";
import { fullId } from "../short-ids.ts";
import { table } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";

interface AuditOptions {
  readonly connection?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly before?: number;
  readonly limit: number;
  readonly csv?: boolean;
}

export function addAudit(program: Command, run: Run): void {
  program
    .command("audit")
    .description("who did what, newest first")
    .option("--connection <id>", "to this connection")
    .option("--actor <actor>", "by key:<id>, person:<name>, host:<user>, app:<user>, user:<hash>")
    .option("--action <action>", "of this kind, such as connection.disconnected")
    .option("--since <time>", "written then or later, in UTC: 2026-11-26, or 2026-11-26T12:00", optionTime)
    .option("--until <time>", "written before then", optionTime)
    .option("--before <id>", "before this entry: the next page", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--limit <n>", "at most this many", wholeNumber(1, 1000), 100)
    .option("--csv", "as CSV, for a spreadsheet")
    .action(run(audit));
}

async function audit(
  io: Io,
  { connection, actor, action, since, until, before, limit, csv: asCsv }: AuditOptions,
): Promise<undefined> {
  await withEngine(io, async ({ engine }) => {
    const connectionId = connection === undefined ? undefined : await fullId(engine, connection);
    if (connectionId !== undefined && !isUuid(connectionId))
      throw new UsageError("--connection takes the id of a connection");
    const found = await auditLog(engine, {
      ...(connectionId === undefined ? {} : { connectionId }),
      ...(actor === undefined ? {} : { actor }),
      ...(action === undefined ? {} : { action }),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      ...(before === undefined ? {} : { before: BigInt(before) }),
      limit,
    });
    const entries = found.map((entry) => ({ ...entry, id: String(entry.id) }));
    io.result(entries, () => {
      if (asCsv === true) return auditCsv(found, true);
      return found.length === 0 ? ["nothing"] : table(auditHead, found.map(auditRow));
    });
  });
}
