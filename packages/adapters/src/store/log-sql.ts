import type { CommitRecord } from "@evertoken/core";

/** What an attempt leaves in the refresh log, as statements are given it: columns of a JSON parameter. */
export const attemptColumns = `generation int, trigger text, outcome text, error_code text, message text, http_status int, duration_ms int,
  old_expires_at timestamptz, at timestamptz`;

/** What the column holds. */
const mostMs = 2 ** 31 - 1;

export function attemptParameters({ generation, log }: Pick<CommitRecord, "generation" | "log">) {
  return {
    generation,
    trigger: log.trigger,
    outcome: log.outcome,
    error_code: log.errorCode,
    message: log.message,
    http_status: log.httpStatus,
    // A clock that was set meanwhile must not keep a token set out of the database.
    duration_ms: Math.min(Math.max(Math.round(log.durationMs), 0), mostMs),
    old_expires_at: log.oldExpiresAt,
    at: log.at,
  };
}

interface Logged {
  readonly connectionId: string;
  readonly provider: string;
  readonly success: boolean;
  readonly message?: string;
  readonly newExpiresAt?: string;
}

/** Writes an attempt `r` down, by the statement that commits it, for each row of `from`. */
export const logSql = (
  { connectionId, provider, success, message = "r.message", newExpiresAt = "NULL::timestamptz" }: Logged,
  from: string,
) => `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, error_code, message, http_status,
    duration_ms, old_expires_at, new_expires_at, generation, created_at)
  SELECT ${connectionId}, ${provider}, r.trigger, ${success}, r.outcome, r.error_code, ${message}, r.http_status,
    r.duration_ms, r.old_expires_at, ${newExpiresAt}, r.generation, r.at FROM ${from}`;
