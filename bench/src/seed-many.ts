import type { Pool } from "pg";

/** Of a hundred connections so many are at the first ones; some with tokens of two months. */
export const manyProviders = ["hubspot", "gmail", "spotify", "meta", "linkedin", "x", "discord", "reddit"] as const;

const connectionsSql = `
INSERT INTO connections (id, user_id, provider, external_account_id, display_name, access_token, refresh_token, token_type, scopes, status,
  expires_at, next_refresh_at, last_refresh_at, updated_at, failing_since, consecutive_failures, last_error_code)
SELECT gen_random_uuid(), 'user-' || n / 2, provider, 'account-' || n, 'Account ' || md5(n::text), rpad('v1.', 260, md5(n::text)),
  rpad('v1.', 200, md5(n::text)), 'Bearer', '{profile,email}', status, ends,
  CASE WHEN status IN ('connected', 'token_expired', 'error') THEN greatest(ends - interval '5 minutes', now()) END, ends - life, ends - life,
  CASE WHEN status IN ('token_expired', 'error') THEN now() - random() * interval '5 hours' END,
  CASE WHEN status IN ('token_expired', 'error') THEN 5 ELSE 0 END, CASE WHEN status <> 'connected' THEN 'provider_unavailable' END
FROM (
  SELECT n, ($3::text[])[width_bucket(n % 100, ARRAY[50, 70, 85, 92, 96, 98, 99]) + 1] AS provider,
    CASE WHEN n % 100 BETWEEN 85 AND 95 THEN interval '60 days' WHEN n % 100 < 50 THEN interval '30 minutes' ELSE interval '1 hour' END AS life,
    (ARRAY['connected', 'needs_reauth', 'disconnected', 'token_expired', 'error'])[width_bucket(n * 7919 % 1000, ARRAY[940, 970, 985, 994]) + 1]
      AS status
  FROM generate_series($1::bigint, $2::bigint) n) c
CROSS JOIN LATERAL (SELECT CASE WHEN status = 'connected' THEN now() + random() * life ELSE now() - random() * interval '20 days' END AS ends) e`;

const logSql = `
INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, error_code, duration_ms, generation, created_at)
SELECT gen_random_uuid(), ($2::text[])[1 + n % 8], 'scheduled', n % 50 <> 0, CASE WHEN n % 50 = 0 THEN 'transient' ELSE 'granted' END,
  CASE WHEN n % 50 = 0 THEN 'provider_unavailable' END, 100 + n * 7919 % 300, 1, now() - (1 - n::float / $1::bigint) * interval '24 hours'
FROM generate_series(1, $1::bigint) n`;

const slice = 50_000;

/** Connections of all statuses at several providers, and a day of refreshes. Their tokens open to no key. */
export async function seedMany(pool: Pool, connections: number, attempts: number): Promise<void> {
  const client = await pool.connect();
  try {
    for (let first = 1; first <= connections; first += slice) {
      const last = Math.min(first + slice - 1, connections);
      await client.query({
        text: connectionsSql,
        values: [first, last, manyProviders],
        query_timeout: 600_000,
      } as never);
    }
    await client.query({ text: logSql, values: [attempts, manyProviders], query_timeout: 600_000 } as never);
    await client.query({ text: "VACUUM ANALYZE", query_timeout: 600_000 } as never);
  } finally {
    client.release();
  }
}
