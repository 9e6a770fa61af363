import { hostname, userInfo } from "node:os";
import { type AuditEntry, createAudit, type Engine } from "@evertoken/engine/internal";

/** What a command did stands in the audit log under the user of this host who ran it. */
export function auditOperator(engine: Engine, entry: Omit<AuditEntry, "actor" | "address">): Promise<void> {
  return createAudit(engine)({ actor: `host:${userName()}`, address: hostname(), ...entry });
}

/** Of a user that the host does not know by name, as in many containers, the number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}
