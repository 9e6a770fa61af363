import { hostname, userInfo } from "node:os";
import { type Actor, type AuditEntry, createAudit, type Engine } from "@evertoken/engine/internal";

/** What a command does stands in the audit log under the user of this host who runs it. */
export function operator(): Actor {
  return { actor: `host:${userName()}`, address: hostname() };
}

/** For what a command does beside the methods of an Evertoken, which write their entries themselves. */
export function auditOperator(engine: Engine, entry: Omit<AuditEntry, keyof Actor>): Promise<void> {
  return createAudit(engine)({ ...operator(), ...entry });
}

/** Of a user that the host does not know by name, as in many containers, the number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}
