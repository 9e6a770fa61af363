import { EvertokenError } from "./contract/evertoken-error.ts";
import type { BulkOptions, BulkReport } from "./contract/refreshes.ts";
import type { Request } from "./request.ts";
import { fromWire, type Wire } from "./wire.ts";

interface Run extends Omit<BulkReport, "connectionIds" | "failedIds"> {
  readonly id: string | null;
  readonly state: "dry_run" | "waiting" | "running" | "completed" | "failed";
  readonly connectionIds?: readonly string[];
  readonly failedIds?: readonly string[];
}

const firstPollMs = 200;
const longestPollMs = 2000;

/** Starts a run of the workers, and looks how far it is. It goes on when nobody looks. */
export async function refreshAllExpiring(request: Request, options: BulkOptions = {}): Promise<BulkReport> {
  const { timeoutMs = 600_000, signal, onProgress } = options;
  signal?.throwIfAborted();
  let run = readRun(
    await request({ method: "POST", path: "/v1/refreshes", body: toBody(options), repeatable: false, fields }),
  );
  let movedAt = Date.now();
  for (let pollMs = firstPollMs; isOpen(run); pollMs = Math.min(pollMs * 1.5, longestPollMs)) {
    if (Date.now() - movedAt > timeoutMs) return ended(run);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    signal?.throwIfAborted();
    const path = `/v1/refreshes/${run.id}`;
    const next = readRun(await request({ method: "GET", path, repeatable: true, fields }));
    if (next.state !== run.state || next.pending !== run.pending) movedAt = Date.now();
    run = next;
    onProgress?.(toReport(run));
  }
  return ended(run);
}

const fields = ["id", "state", "total"];
const readRun = (answer: Wire) => fromWire<Run>(answer);
const isOpen = ({ state }: Run) => state === "waiting" || state === "running";

function toBody({ withinMs, provider, needsReauth, dryRun }: BulkOptions): Wire {
  const within = typeof withinMs === "number" ? Math.ceil(withinMs / 1000) : withinMs;
  return { within, provider, needs_reauth: needsReauth, dry_run: dryRun };
}

/** What waits still has counted nothing, and must not look like nothing to do. */
function ended(run: Run): BulkReport {
  if (run.state === "waiting")
    throw new EvertokenError("timed_out", "no worker has taken the refreshes: does one run?");
  if (run.state === "failed") {
    throw new EvertokenError("internal_error", "the refreshes could not go on: the workers' log says why");
  }
  return toReport(run);
}

function toReport({ total, refreshed, failed, skipped, pending, connectionIds = [], failedIds = [] }: Run): BulkReport {
  return { total, refreshed, failed, skipped, pending, connectionIds, failedIds };
}
