import { setTimeout as sleep } from "node:timers/promises";
import type { Copies } from "@evertoken/adapters";
import type { GrantRecord, Spool } from "@evertoken/core";

/** Together longer than a Redis that fails over is away, and shorter than a replica of Postgres may lag. */
const againAfterMs = [100, 400, 1000, 2000, 4000, 8000, 15_000, 30_000];

/**
 * Keeps a copy of what was committed, for the case that the database fails over to one that lacks it. Redis may be away at that moment:
 * it is tried again, and until it is copied the line in the journal stays, which the comparison reads as well.
 *
 * @returns what rejects when the first try fails; the others go on
 */
export function createKeepCopy(
  copies: Pick<Copies, "keep">,
  journal: Pick<Spool, "strike">,
): (record: GrantRecord) => Promise<void> {
  const later = async (record: GrantRecord) => {
    let copied = false;
    for (const ms of againAfterMs) {
      await sleep(ms, undefined, { ref: false });
      copied = await copies.keep(record).then(
        () => true,
        () => false,
      );
      if (copied) break;
    }
    journal.strike(record);
  };
  return async (record) => {
    try {
      await copies.keep(record);
    } catch (error) {
      void later(record);
      throw error;
    }
    journal.strike(record);
  };
}
