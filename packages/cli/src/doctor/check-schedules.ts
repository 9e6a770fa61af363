import { type Config, formatDuration, taskAges } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { isOverdue } from "@evertoken/operations";
import { type Finding, ok, warn } from "./finding.ts";

/** Whether some scheduler reconciles. Where none has ever run, nothing is expected. */
export async function checkSchedules(pool: Engine["pool"], { schedules }: Config): Promise<Finding> {
  const ageMs = (await taskAges(pool)).get("reconcile");
  if (ageMs === undefined) return ok("schedules", "no scheduler has run yet");
  const now = new Date();
  const ago = formatDuration(ageMs);
  if (!isOverdue("reconcile", schedules, new Date(now.getTime() - ageMs), now)) {
    return ok("schedules", `reconcile ran ${ago} ago`);
  }
  return warn("schedules", `reconcile has not run for ${ago}`, "see that a scheduler runs, then `evertoken reconcile`");
}
