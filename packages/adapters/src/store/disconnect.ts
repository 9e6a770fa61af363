import type { AuthType, Sealed, TokenColumn } from "@evertoken/core";
import type { Pool } from "pg";
import { tellSql } from "./tell-sql.ts";

/** What was disconnected: the job to remove, and the erased tokens, to revoke them with. */
export interface Disconnected {
  readonly id: string;
  readonly provider: string;
  readonly registration: string;
  readonly generation: number;
  readonly auth_type: AuthType;
  readonly scopes: string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly access_token: Sealed | null;
  readonly refresh_token: Sealed | null;
  /** Where the token is kept until the provider has confirmed the revocation; null: it is not. */
  readonly revocation_id: string | null;
}

/**
 * Tokens are erased, the history stays. Children go with their parent.
 *
 * @param revoking the token that is kept apart, to revoke the grant with, in case that the provider cannot be reached now
 */
export async function disconnect(
  pool: Pool,
  id: string,
  now: Date,
  revoking: TokenColumn | null = null,
): Promise<Disconnected[]> {
  const { rows } = await pool.query<Disconnected>({
    name: "connection-disconnect",
    text: `WITH was AS (
        SELECT id, access_token, refresh_token FROM connections
        WHERE (id = $1 OR parent_id = $1) AND status <> 'disconnected' FOR UPDATE
      ), gone AS (
        UPDATE connections c SET status = 'disconnected', access_token = NULL, refresh_token = NULL, grant_hash = NULL, generation = c.generation + 1,
          next_refresh_at = NULL, not_before = NULL, lease_owner = NULL, lease_until = NULL, failing_since = NULL,
          consecutive_failures = 0, lost_answers = 0, updated_at = $2
        FROM was WHERE c.id = was.id
        RETURNING c.id, c.provider, c.registration, c.generation - 1 AS generation, c.auth_type, c.scopes, c.metadata, c.user_id, c.status,
          was.access_token, was.refresh_token
      ), kept AS (
        INSERT INTO revocations (id, connection_id, provider, registration, scopes, metadata, access_token, refresh_token,
          next_attempt_at, created_at)
        SELECT gen_random_uuid(), id, provider, registration, scopes, metadata, CASE $3 WHEN 'access_token' THEN access_token END,
          CASE $3 WHEN 'refresh_token' THEN refresh_token END, $2::timestamptz + interval '1 minute', $2
        FROM gone WHERE id = $1 AND CASE $3 WHEN 'access_token' THEN access_token WHEN 'refresh_token' THEN refresh_token END IS NOT NULL
        RETURNING id AS revocation_id, connection_id
      ), told AS (
        ${tellSql(
          {
            ...{ event: "'connection.disconnected'", connectionId: "id", provider: "provider" },
            payload: { userId: "user_id", status: "status" },
          },
          "gone",
        )}
      )
      SELECT id, provider, registration, generation, auth_type, scopes, metadata, access_token, refresh_token, revocation_id
      FROM gone LEFT JOIN kept ON connection_id = id`,
    values: [id, now, revoking],
  });
  return rows;
}
