import { type AuditEntry, createAudit, type Engine } from "@evertoken/engine/internal";

/** Writes down what was done with the command; resolves when it is stored. @throws {EvertokenError} */
export function auditOperator(engine: Engine, entry: Omit<AuditEntry, "actor">): Promise<void> {
  return createAudit(engine)({ actor: "operator:cli", ...entry });
}
