import { formatDuration } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { type FailingEndpoint, failingEndpoints } from "@evertoken/operations";
import { type Finding, ok, warn } from "./finding.ts";

/** Whether those who are told of events hear them. */
export async function checkEndpoints(pool: Engine["pool"]): Promise<Finding[]> {
  const failing = await failingEndpoints(pool);
  return failing.length === 0 ? [ok("events", "every receiver takes them")] : failing.map(toFinding);
}

function toFinding({ id, kind, failingSince, waiting, error, enabled }: FailingEndpoint): Finding {
  const since = formatDuration(Date.now() - failingSince.getTime());
  const what = `the ${kind} endpoint ${id} has failed for ${since}, ${waiting} wait for it${error === null ? "" : `: ${error}`}`;
  return warn(
    "events",
    what,
    enabled
      ? `mend the receiver, then \`evertoken webhooks test ${id}\`: what waits is sent as soon as it takes that`
      : "mend the receiver, then switch the endpoint on again",
  );
}
