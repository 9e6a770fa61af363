import type { Pool } from "pg";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import type { ConnectVisitor } from "./connect-link.ts";
import { isStorable } from "./is-storable.ts";
import { hashSecret } from "./oauth-states.ts";

/** A link as a browser brings it, or the session that it has opened there. */
export interface BroughtLink {
  /** SHA-256 of the link. */
  readonly link: string;
  /** The secret in the browser's cookie. */
  readonly browser: string;
  readonly visitor: ConnectVisitor;
}

/**
 * `ours`: this browser has opened it, and its session lives. `others`: another browser has. `over`: its session has ended, or the app
 * has ended all that this user had.
 */
export type LinkStanding = "unopened" | "ours" | "others" | "over";

/** How long a session goes on after its link was opened, at most. */
const sessionMs = 3_600_000;

const latestEnd = ({ endsAt }: ConnectVisitor) => (endsAt === undefined ? null : new Date(endsAt));

export async function linkStanding({ pool }: Engine, { link, browser, visitor }: BroughtLink): Promise<LinkStanding> {
  const { rows } = await withStore(() =>
    pool.query<{ ours: boolean | null; over: boolean }>({
      name: "connect-session-standing",
      text: `SELECT s.browser_hash = $2 AS ours,
          coalesce(coalesce(s.ends_at, $5::timestamptz) <= now(), false) OR (e.mark IS NOT NULL AND e.mark IS DISTINCT FROM $4::uuid) AS over
        FROM (VALUES ($1)) AS brought (link_hash) LEFT JOIN connect_sessions s USING (link_hash)
          LEFT JOIN connect_endings e ON e.user_id = $3`,
      values: [link, hashSecret(browser), visitor.userId, visitor.mark ?? null, latestEnd(visitor)],
    }),
  );
  const { ours = null, over = true } = rows[0] ?? {};
  if (over) return "over";
  if (ours === null) return "unopened";
  return ours ? "ours" : "others";
}

/**
 * One link opens one session: of many browsers the first gets it, and the same one again. What it ends by is fixed then.
 *
 * @returns when it ends; null: it is not this browser's to open (see {@link linkStanding})
 */
export async function openConnectSession({ pool }: Engine, brought: BroughtLink): Promise<Date | null> {
  const { link, browser, visitor } = brought;
  const { rows } = await withStore(() =>
    pool.query<{ ends_at: Date }>({
      name: "connect-session-open",
      text: `INSERT INTO connect_sessions (link_hash, browser_hash, user_id, ends_at)
        SELECT $1, $2, $3, least(now() + $5 * interval '1 millisecond', $6::timestamptz)
        WHERE coalesce($6::timestamptz > now(), true)
          AND NOT EXISTS (SELECT FROM connect_endings WHERE user_id = $3 AND mark IS DISTINCT FROM $4::uuid)
        ON CONFLICT (link_hash) DO UPDATE SET browser_hash = excluded.browser_hash
          WHERE connect_sessions.browser_hash = excluded.browser_hash AND connect_sessions.ends_at > now()
        RETURNING ends_at`,
      values: [link, hashSecret(browser), visitor.userId, visitor.mark ?? null, sessionMs, latestEnd(visitor)],
    }),
  );
  return rows[0]?.ends_at ?? null;
}

/** Ends a user's sessions on the connect page, at every process, and all links that were made for them and not opened yet. @throws {EvertokenError} */
export async function endConnectSessions({ pool }: Engine, userId: string): Promise<{ endedAt: Date }> {
  if (typeof userId !== "string" || userId.trim() === "" || !isStorable(userId)) {
    throw new EvertokenError("invalid_input", "userId: needs the id of a user");
  }
  const { rows } = await withStore(() =>
    pool.query<{ ended_at: Date }>(
      `INSERT INTO connect_endings (user_id, mark) VALUES ($1, gen_random_uuid())
       ON CONFLICT (user_id) DO UPDATE SET mark = excluded.mark, ended_at = now() RETURNING ended_at`,
      [userId.trim()],
    ),
  );
  return { endedAt: rows[0]?.ended_at as Date };
}

/** A link can be opened for a day and its session lives an hour more: what is older than both is in nobody's way, nor needed. */
export async function pruneConnectSessions(pool: Pool): Promise<void> {
  await pool.query("DELETE FROM connect_sessions WHERE ends_at < now() - interval '2 days'");
  await pool.query("DELETE FROM connect_endings WHERE ended_at < now() - interval '2 days'");
}
