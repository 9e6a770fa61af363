import type { auditLog } from "@evertoken/engine/internal";
import { csv } from "./csv.ts";

type Stored = Awaited<ReturnType<typeof auditLog>>[number];

export const auditHead = ["ID", "AT", "WHO", "FROM", "ACTION", "CONNECTION", "DETAIL"] as const;

/** An entry of the audit log, as the columns of `auditHead`. */
export const auditRow = ({ id, at, actor, address, action, connectionId, detail }: Stored) => [
  ...[String(id), at.toISOString(), actor, address, action, connectionId, JSON.stringify(detail)],
];

/** The lines of a sheet; its first page has a head. */
export const auditCsv = (entries: readonly Stored[], withHead: boolean): string[] =>
  csv(auditHead, entries.map(auditRow)).slice(withHead ? 0 : 1);
