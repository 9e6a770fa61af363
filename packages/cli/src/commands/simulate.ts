import {
  type ComingRefreshes,
  comingRefreshes,
  endingConsents,
  liveProcesses,
  refreshStats,
} from "@evertoken/adapters";
import type { RefreshPolicy } from "@evertoken/core";
import { type Engine, withStore } from "@evertoken/engine/internal";
import type { Command } from "commander";
import { parseDuration } from "../duration.ts";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import { requirePostgres } from "../reachable.ts";
import type { Run } from "../run.ts";
import { countByMinute, foresee, type Limits, type Span } from "../simulate/time-lapse.ts";
import { table } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";
import { requireProvider } from "./connections-list.ts";

interface SimulateOptions {
  readonly for: string;
  readonly provider?: string;
  readonly margin?: string;
  readonly concurrency?: number;
  readonly workers?: number;
}

export function addSimulate(program: Command, run: Run): void {
  program
    .command("simulate")
    .description(
      "what would be refreshed when, and whether limits and workers suffice; no provider is asked, nothing changes",
    )
    .option("--for <time>", "how far ahead, 31d at most", "24h")
    .option("--provider <id>", "only at this provider")
    .option("--margin <time>", "with this margin in place of each provider's, such as 10m")
    .option("--concurrency <n>", "with so many refreshes at once per worker and provider", wholeNumber(1, 10_000))
    .option("--workers <n>", "with so many workers; default: those that run, at least one", wholeNumber(1, 1000))
    .action(run(simulate));
}

const longestMs = 31 * 86_400_000;
/** Where nothing was measured in the last day. */
const assumedMs = 500;

async function simulate(io: Io, options: SimulateOptions): Promise<undefined> {
  const forMs = parseDuration(options.for);
  if (forMs < 60_000 || forMs > longestMs) throw new UsageError("--for takes a minute to 31d");
  const marginSeconds = options.margin === undefined ? null : parseDuration(options.margin) / 1000;
  await withEngine(io, async ({ engine }) => {
    await requirePostgres(engine);
    await requireProvider(engine, options.provider);
    const from = new Date();
    const span = { from, until: new Date(from.getTime() + forMs) };
    const answer = await withStore(() => lapse(engine, span, marginSeconds, options));
    const { providers, consents, workers } = answer;
    io.result({ from, until: span.until, ...answer }, () => [
      `${options.for} from now, with ${workers} worker${workers === 1 ? "" : "s"}, if every refresh succeeds:`,
      ...(providers.length === 0
        ? ["nothing is to be refreshed"]
        : table(
            ["PROVIDER", "CONNECTIONS", "REFRESHES", "PEAK/MIN", "AT", "LIMIT/MIN", "CAN/MIN", "BEHIND"],
            providers.map((row) => [
              ...[
                row.provider,
                row.connections,
                row.refreshes,
                row.peak.perMinute,
                `${row.peak.at.toISOString().slice(0, 16)}Z`,
              ],
              ...[
                row.limitPerMinute,
                row.capacityPerMinute,
                row.mostBehindMinutes === 0 ? null : `${row.mostBehindMinutes} min`,
              ],
            ]),
          )),
      ...consents.map(({ provider, day, connections }) => `${day}: ${connections} consents at ${provider} end`),
    ]);
  });
}

async function lapse(engine: Engine, span: Span, marginSeconds: number | null, options: SimulateOptions) {
  const { pool, config } = engine;
  const provider = options.provider ?? null;
  const [coming, consents, processes, { durations }] = await Promise.all([
    comingRefreshes(pool, span.until, provider),
    endingConsents(pool, span.from, span.until, provider),
    liveProcesses(pool),
    refreshStats(pool, new Date(span.from.getTime() - 86_400_000)),
  ]);
  const workers = options.workers ?? Math.max(1, processes.filter(({ name }) => name === "worker").length);
  const byProvider = Map.groupBy(coming, (row) => row.provider);
  const providers = [...byProvider]
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([id, own]) => {
      const known = engine.providers.get(id);
      if (known === undefined) return [];
      const policy: RefreshPolicy = { ...known.policy, ...(marginSeconds === null ? {} : { marginSeconds }) };
      const concurrency = options.concurrency ?? known.concurrency ?? config.concurrency.refresh;
      const measured = averageMs(durations.filter((row) => row.provider === id)) ?? assumedMs;
      const { rateLimit } = known.provider;
      const limits: Limits = {
        limitPerMinute: rateLimit === null ? null : Math.floor((rateLimit.max / rateLimit.perSeconds) * 60),
        capacityPerMinute: Math.max(1, Math.floor((workers * concurrency * 60_000) / measured)),
      };
      const foreseen = foresee(countByMinute(own, span, policy, config.timing), span, limits);
      return [{ provider: id, connections: count(own), ...foreseen, ...limits }];
    });
  return { workers, providers, consents };
}

const count = (rows: readonly ComingRefreshes[]) => rows.reduce((sum, { connections }) => sum + connections, 0);

function averageMs(rows: readonly { readonly duration_bucket: number; readonly attempts: number }[]): number | null {
  const attempts = rows.reduce((sum, row) => sum + row.attempts, 0);
  if (attempts === 0) return null;
  return rows.reduce((sum, row) => sum + row.attempts * 1.25 ** row.duration_bucket, 0) / attempts;
}
