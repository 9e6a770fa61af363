import type { GrantRecord } from "./commit-record.ts";

/**
 * Of each connection, by its id, the record that spent the latest generation; of two of the same one, the first.
 *
 * @param newest what pages before these have brought; it is added to
 */
export function newestOfEach(
  records: readonly GrantRecord[],
  newest: Map<string, GrantRecord> = new Map(),
): Map<string, GrantRecord> {
  for (const record of records) {
    const known = newest.get(record.connectionId);
    if (known === undefined || known.generation < record.generation) newest.set(record.connectionId, record);
  }
  return newest;
}
