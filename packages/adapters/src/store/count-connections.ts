import type { ConnectionStatus } from "@evertoken/core";
import type { Pool } from "pg";
import { shownStatusSql } from "./shown-status.ts";

/** Connections of one provider with one status whose tokens end within one step of time. */
export interface CountedConnections {
  readonly provider: string;
  readonly status: ConnectionStatus;
  /** Index into `expirySteps`; -1: ended already, or one that never ends. */
  readonly step: number;
  readonly connections: number;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Ends of the steps in ms from now: twelve of 5 minutes, then hours up to a day, then days up to 30. */
export const expirySteps: readonly number[] = [
  ...Array.from({ length: 12 }, (_, n) => (n + 1) * 5 * minute),
  ...Array.from({ length: 23 }, (_, n) => (n + 2) * hour),
  ...Array.from({ length: 29 }, (_, n) => (n + 2) * day),
];

/** One pass over one index: a second or so for a few million connections, so ask for it now and then. */
export async function countConnections(pool: Pool, now: Date): Promise<CountedConnections[]> {
  const bounds = [0, ...expirySteps].map((ms) => new Date(now.getTime() + ms).toISOString());
  const { rows } = await pool.query<CountedConnections>(
    `SELECT provider, status, step, count(*)::int AS connections FROM (
       SELECT provider, ${shownStatusSql} AS status, CASE WHEN expires_at > $2 AND expires_at <= $3 THEN width_bucket(expires_at, $1::timestamptz[]) - 1 ELSE -1 END
         AS step FROM connections) c
     GROUP BY provider, status, step`,
    [bounds, bounds[0], bounds.at(-1)],
  );
  return rows;
}
