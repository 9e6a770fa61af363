import type { BulkOptions, BulkReport } from "@evertoken/client";
import type { Engine } from "../engine.ts";
import { type BulkFilter, bulkCandidates } from "./bulk-candidates.ts";
import { refreshFates } from "./refresh-fates.ts";

const toldEveryMs = 200;

type Counts = { -readonly [K in keyof BulkReport]: BulkReport[K] } & { failedIds: string[] };

/** Brings the jobs of all expiring connections forward, some at a time, and waits for them. */
export async function refreshAllExpiring(engine: Engine, options: BulkOptions & BulkFilter = {}): Promise<BulkReport> {
  const { signal, timeoutMs = 600_000, needsReauth: force = false } = options;
  const ids = await bulkCandidates(engine, options, engine.clock.now());
  const counts = { total: ids.length, refreshed: 0, failed: 0, skipped: 0 };
  const report: Counts = { ...counts, pending: ids.length, connectionIds: ids, failedIds: [] };
  if (options.dryRun === true) return report;
  let toldAt = 0;
  for await (const fates of refreshFates(engine, ids, { force, signal, timeoutMs })) {
    for (const { id, fate } of fates) {
      report[fate]++;
      if (fate === "failed") report.failedIds.push(id);
    }
    report.pending -= fates.length;
    if (report.pending > 0 && Date.now() - toldAt < toldEveryMs) continue;
    options.onProgress?.({ ...report });
    toldAt = Date.now();
  }
  return report;
}
