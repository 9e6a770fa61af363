import type { AuditEntry, AuditTrail } from "./audit-trail.ts";

/** Who acts, and from where. */
export type Actor = Pick<AuditEntry, "actor" | "address">;

/** What was done. */
export type Told = Omit<AuditEntry, keyof Actor>;

/**
 * Writes what a task has done when it is done; what was tried in vain is counted, so that whoever tries all day fills no log.
 *
 * @param what of its result; of null: of what was tried
 */
export async function told<T>(
  audit: Pick<AuditTrail, "record" | "count">,
  who: Actor,
  task: Promise<T>,
  what: (result: T | null) => Told,
): Promise<T> {
  const result = await task.catch((error: unknown) => {
    const tried = what(null);
    const failed = codeOf(error);
    // What came when it was about to end was not tried.
    if (failed !== "closing") audit.count({ ...who, ...tried, detail: { ...tried.detail, failed } });
    throw error;
  });
  await audit.record({ ...who, ...what(result) });
  return result;
}

/** Of an error of ours its code; of others nothing is known that may be repeated. */
export function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^[a-z_]+$/.test(code) ? code : "failed";
}
