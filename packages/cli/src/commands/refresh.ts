import type { BulkReport } from "@evertoken/engine";
import { type Command, Option } from "commander";
import { formatTime, parseDuration } from "../duration.ts";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { type NamedConnection, namedConnections } from "../named-connections.ts";
import { type Opened, withEngine } from "../open.ts";
import { createProgress } from "../progress.ts";
import type { Run } from "../run.ts";
import { table } from "../table.ts";
import { requireProvider } from "./connections-list.ts";

interface RefreshOptions {
  readonly force?: boolean;
  readonly expiring?: string;
  readonly all?: boolean;
  readonly needsReauth?: boolean;
  readonly provider?: string;
  readonly dryRun?: boolean;
  readonly wait: string;
}

export function addRefresh(program: Command, run: Run): void {
  program
    .command("refresh [id]")
    .description("refresh one connection here and now, or many through the workers")
    .option("--force", "one connection: although the provider asked to wait, or it was refreshed just now")
    .addOption(
      new Option("--expiring <time>", "all whose access token ends within this time, such as 24h").conflicts([
        "all",
        "needsReauth",
      ]),
    )
    .addOption(new Option("--all", "all that can be refreshed").conflicts("needsReauth"))
    .option("--needs-reauth", "all that wait for their user, once more: after a provider refused many by mistake")
    .option("--provider <id>", "many: only those of this provider")
    .option("--dry-run", "many: say what would be done and change nothing")
    .option("--wait <time>", "many: how long to wait while none gets done", "10m")
    .action(run(refresh));
}

async function refresh(io: Io, id: string | undefined, options: RefreshOptions): Promise<number> {
  const many = options.all === true || options.needsReauth === true || options.expiring !== undefined;
  if (id === undefined && !many)
    throw new UsageError("name a connection, or use --expiring <time>, --all or --needs-reauth");
  if (id !== undefined && many)
    throw new UsageError("name one connection, or many by --expiring, --all or --needs-reauth, not both");
  if (many && options.force === true) throw new UsageError("--force is for one connection only");
  if (!many && (options.dryRun === true || options.provider !== undefined))
    throw new UsageError("--dry-run and --provider are for --expiring, --all and --needs-reauth");
  return id === undefined ? refreshMany(io, options) : refreshOne(io, id, options.force === true);
}

async function refreshOne(io: Io, id: string, force: boolean): Promise<number> {
  return withEngine(io, async ({ evertoken }) => {
    const { connectionId, generation, expiresAt, scopes, warning } = await evertoken.refresh(id, { force });
    const refreshed = warning === null;
    io.result({ connectionId, refreshed, generation, expiresAt, scopes, warning }, () => [
      refreshed
        ? `${connectionId} is refreshed; its token ends ${expiresAt?.toISOString() ?? "never"}`
        : `${connectionId} was not refreshed: ${warning.message} (${warning.code}); the old token still works until ` +
          `${expiresAt?.toISOString() ?? "further notice"}`,
    ]);
    return refreshed ? 0 : 1;
  });
}

async function refreshMany(io: Io, options: RefreshOptions): Promise<number> {
  const withinMs = options.expiring === undefined ? null : parseDuration(options.expiring);
  const timeoutMs = parseDuration(options.wait);
  return withEngine(io, async (opened) => {
    await requireProvider(opened.engine, options.provider);
    const report = await runBulk(io, opened, { ...options, withinMs, timeoutMs });
    if (options.dryRun === true) return foresee(io, opened, report);
    const failures = (await namedConnections(opened.engine, report.failedIds)).map(asFailure);
    io.result({ ...report, failures }, () => [...summary(report, options.wait), ...failed(failures)]);
    return report.failed + report.pending === 0 ? 0 : 1;
  });
}

/** People see the first of them, programs all. */
async function foresee(io: Io, { engine }: Opened, report: BulkReport): Promise<number> {
  const { total, connectionIds } = report;
  const connections = await namedConnections(engine, io.json ? connectionIds : connectionIds.slice(0, shown));
  io.result({ dryRun: true, ...report, connections: connections.map(asName) }, () => [
    `${total} would be refreshed:`,
    ...table(
      ["ID", "PROVIDER", "USER", "ACCOUNT", "STATUS", "EXPIRES"],
      connections.map((row) => [
        ...[row.id, row.provider, row.userId, row.displayName ?? row.externalAccountId, row.status],
        formatTime(row.expiresAt, new Date()),
      ]),
    ),
    ...rest(total),
  ]);
  return 0;
}

async function runBulk(
  io: Io,
  { evertoken }: Opened,
  { provider, ...chosen }: RefreshOptions & { withinMs: number | null; timeoutMs: number },
): Promise<BulkReport> {
  const progress = createProgress(io, "refreshing");
  try {
    return await evertoken.refreshAllExpiring({
      withinMs: chosen.withinMs,
      timeoutMs: chosen.timeoutMs,
      dryRun: chosen.dryRun ?? false,
      needsReauth: chosen.needsReauth ?? false,
      ...(provider === undefined ? {} : { provider }),
      onProgress: ({ total, pending, failed }) => progress.update(total - pending, total, `${failed} failed`),
    });
  } finally {
    progress.stop();
  }
}

function summary({ total, refreshed, failed, skipped, pending }: BulkReport, wait: string): string[] {
  const line = `${total} chosen: ${refreshed} refreshed, ${failed} failed, ${skipped} skipped`;
  if (pending === 0) return [line];
  return [line, `${pending} were not done after ${wait}: is a worker running? \`evertoken doctor\` looks`];
}

const shown = 20;

const rest = (count: number) => (count > shown ? [`and ${count - shown} more (all with --json)`] : []);

const asName = ({ id, provider, userId, displayName, externalAccountId, status, expiresAt }: NamedConnection) => ({
  ...{ connectionId: id, provider, userId, account: displayName ?? externalAccountId, status, expiresAt },
});

type Failure = ReturnType<typeof asFailure>;

const asFailure = ({ id, provider, userId, lastErrorCode, lastErrorMessage }: NamedConnection) => ({
  ...{ connectionId: id, provider, userId, code: lastErrorCode, message: lastErrorMessage },
});

function failed(failures: readonly Failure[]): string[] {
  if (failures.length === 0) return [];
  const rows = failures
    .slice(0, shown)
    .map((row) => [row.connectionId, row.provider, row.userId, row.code, row.message]);
  return [...table(["FAILED", "PROVIDER", "USER", "CODE", "WHY"], rows), ...rest(failures.length)];
}
