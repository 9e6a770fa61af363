import type { Sealed } from "@evertoken/core";
import type { Pool } from "pg";

/** A grant that the provider has not confirmed to have ended, with the token that says which. */
export interface Revocation {
  readonly id: string;
  readonly connection_id: string;
  readonly provider: string;
  readonly registration: string;
  readonly scopes: string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly access_token: Sealed | null;
  readonly refresh_token: Sealed | null;
  /** For whom and of which account, where it was never a connection. */
  readonly user_id?: string | null;
  readonly external_account_id?: string | null;
}

/** A minute, then four times as long each time, up to an hour. The next time is written before anything is sent. */
const nextSql = "$1::timestamptz + least(interval '1 hour', interval '1 minute' * power(4, least(attempts, 4)))";

/** Takes what is due; of many workers each gets its own. */
export async function claimRevocations(pool: Pool, now: Date, limit: number): Promise<Revocation[]> {
  const { rows } = await pool.query<Revocation>({
    name: "revocations-claim",
    text: `UPDATE revocations SET attempts = attempts + 1, next_attempt_at = ${nextSql}
      WHERE id IN (SELECT id FROM revocations WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING id, connection_id, provider, registration, scopes, metadata, access_token, refresh_token, user_id,
        external_account_id`,
    values: [now, limit],
  });
  return rows;
}

/** Whether a connection lives by the same consent, which at many providers is one for each account and client. */
export async function livesByTheSame(
  pool: Pool,
  grant: Pick<Revocation, "provider" | "registration" | "user_id" | "external_account_id">,
  client: string,
  unnamed: string,
): Promise<boolean> {
  const { provider, registration, user_id: userId, external_account_id: account } = grant;
  const { rows } = await pool.query({
    name: "revocation-lives",
    text: `SELECT FROM connection_terms t JOIN connections c ON c.id = t.connection_id
      WHERE t.term = lower(left(CASE WHEN $1 = $6 THEN $5 ELSE $1 END, 200)) AND c.external_account_id = $1
        AND ($1 <> $6 OR c.user_id = $5) AND (c.client = $2 OR (c.provider = $3 AND c.registration = $4))
        AND c.status NOT IN ('disconnected', 'needs_reauth') LIMIT 1`,
    values: [account, client, provider, registration, userId, unnamed],
  });
  return rows.length > 0;
}

export async function areRevocationsDue(pool: Pool, now: Date): Promise<boolean> {
  return (await pool.query("SELECT FROM revocations WHERE next_attempt_at <= $1 LIMIT 1", [now])).rows.length > 0;
}

/** Erases the token: the grant has ended, or nothing that we can do would end it. */
export async function dropRevocation(pool: Pool, id: string): Promise<void> {
  await pool.query("DELETE FROM revocations WHERE id = $1", [id]);
}

/** Erases the tokens that were tried for long enough, each once at least. @returns whose they were */
export async function expireRevocations(
  pool: Pool,
  before: Date,
): Promise<{ connection_id: string; provider: string }[]> {
  const { rows } = await pool.query<{ connection_id: string; provider: string }>(
    "DELETE FROM revocations WHERE created_at <= $1 AND attempts > 0 RETURNING connection_id, provider",
    [before],
  );
  return rows;
}
