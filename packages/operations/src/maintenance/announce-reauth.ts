import { givenRows, tellSql } from "@evertoken/adapters";
import { firstId, type ReauthDays, reauthDays, reauthDue } from "@evertoken/core";
import type { Pool } from "pg";

interface EndingRow {
  readonly id: string;
  readonly grant_ends_at: Date;
  readonly connected_at: Date;
  readonly reauth_announced_at: Date | null;
}

const pageSize = 1000;
const dayMs = 86_400_000;

/** Announces the grants whose end is near and cannot be moved. @returns how many it announced */
export async function announceReauth(pool: Pool, now: Date): Promise<number> {
  let announced = 0;
  for (let after = firstId; ; ) {
    const page = await endingSoon(pool, now, after);
    const due = page.flatMap((row) => {
      const days = reauthDue(
        { grantEndsAt: row.grant_ends_at, consentedAt: row.connected_at, announcedAt: row.reauth_announced_at },
        now,
      );
      return days === null ? [] : [{ ...row, days }];
    });
    if (due.length > 0) announced += await announce(pool, due, now);
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return announced;
    after = last.id;
  }
}

/** Whoever needs to reconnect already, or has disconnected, is told no more. */
async function endingSoon(pool: Pool, now: Date, after: string): Promise<EndingRow[]> {
  const { rows } = await pool.query<EndingRow>({
    name: "reauth-ending-soon",
    text: `SELECT id, grant_ends_at, connected_at, reauth_announced_at FROM connections
      WHERE grant_ends_at > $1 AND grant_ends_at <= $2 AND auth_type = 'oauth2' AND status NOT IN ('disconnected', 'needs_reauth')
        AND (reauth_announced_at IS NULL OR reauth_announced_at < grant_ends_at - interval '1 day') AND id > $3
      ORDER BY id LIMIT $4`,
    values: [now, new Date(now.getTime() + reauthDays[0] * dayMs), after, pageSize],
  });
  return rows;
}

/** Conditional on what the decision was made from, so that of many schedulers one announces it; a reconnect in between wins. */
async function announce(
  pool: Pool,
  due: readonly (EndingRow & { readonly days: ReauthDays })[],
  now: Date,
): Promise<number> {
  const { rowCount } = await pool.query({
    name: "reauth-announce",
    text: `WITH announced AS (
        UPDATE connections c SET reauth_announced_at = $1
        FROM ${givenRows("d", "id uuid, ends_at timestamptz, announced_at timestamptz, days int", "$2")}
        WHERE c.id = d.id AND c.grant_ends_at = d.ends_at AND c.reauth_announced_at IS NOT DISTINCT FROM d.announced_at
          AND c.status NOT IN ('disconnected', 'needs_reauth')
        RETURNING c.id, c.provider, c.user_id, c.status, c.expires_at, c.grant_ends_at, d.days
      )
      ${tellSql(
        {
          ...{ event: "'connection.reauth_due'", connectionId: "id", provider: "provider" },
          payload: {
            ...{ userId: "user_id", status: "status", expiresAt: "expires_at", grantEndsAt: "grant_ends_at" },
            message: "'the consent ends within ' || days || CASE days WHEN 1 THEN ' day' ELSE ' days' END",
          },
        },
        "announced",
      )}`,
    values: [
      now,
      JSON.stringify(
        due.map((row) => ({
          id: row.id,
          ends_at: row.grant_ends_at,
          announced_at: row.reauth_announced_at,
          days: row.days,
        })),
      ),
    ],
  });
  return rowCount ?? 0;
}
