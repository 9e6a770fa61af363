import { type AuditEntry, type Engine, hostActor } from "@evertoken/engine/internal";

/** For what a command does beside the methods of an Evertoken, which write their entries themselves: under the user of this host. */
export function auditOperator({ audit }: Engine, entry: Pick<AuditEntry, "action" | "detail">): Promise<void> {
  return audit.write({ ...hostActor("host"), ...entry });
}
