import { randomUUID } from "node:crypto";
import type { AuthType, ConnectionStatus, EventName, Sealed } from "@evertoken/core";
import type { Pool } from "pg";
import { type GrantHolder, giveWay, holderOf, isGrantInUse, spentBy } from "./grant-holders.ts";
import { mergedTagsSql } from "./tags.ts";
import { tellSql } from "./tell-sql.ts";

/** A new token set from outside: connecting, reconnecting, importing. */
export interface NewConnection {
  readonly userId: string;
  readonly provider: string;
  readonly registration: string;
  readonly externalAccountId: string;
  readonly displayName: string | null;
  /** Where a "please reconnect" mail goes; left out: the one that is known stays. */
  readonly userEmail?: string | null;
  /** Hash of the client id that it was granted to; left out: not known, as after an import. */
  readonly client?: string | null;
  readonly parentId: string | null;
  readonly authType: AuthType;
  readonly tokenType: string | null;
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
  readonly refreshTokenExpiresAt: Date | null;
  /** The end that no refresh can move; left out: none is known. */
  readonly grantEndsAt?: Date | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Sorted, each once; of an account that is known added to its own, as long as there is room. Left out: none. */
  readonly tags?: readonly string[];
}

/** What can only be made once the row's id is known: ciphertexts are bound to it, due times are spread by it. */
export interface ForRow {
  /** null: to be fetched with the refresh token. */
  readonly accessToken: Sealed | null;
  readonly refreshToken: Sealed | null;
  /** Of the refresh token: of all connections one may hold it. Empty: nothing to guard; null: not known yet. */
  readonly grantHash: string | null;
  /** An import: its file may hold what was spent here since. `forced`: the account's own tokens may be replaced by it all the same. */
  readonly brought: "checked" | "forced" | null;
  readonly nextRefreshAt: Date | null;
}

/** The account as it is stored already. */
export interface KnownRow {
  readonly id: string;
  readonly registration: string;
  readonly auth_type: AuthType;
  readonly status: ConnectionStatus;
  readonly access_token: Sealed | null;
  readonly refresh_token: Sealed | null;
  readonly expires_at: Date | null;
  readonly next_refresh_at: Date | null;
  readonly generation: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Somebody spends what is stored at this moment. */
  readonly refreshing: boolean;
}

export interface Stored {
  readonly id: string;
  readonly generation: number;
  /** Whether the account was known before: a reconnect. */
  readonly reconnected: boolean;
}

export type Upserted =
  | ({ readonly kind: "stored" } & Stored)
  /** Another connection lives that holds the refresh token, or has spent it. */
  | { readonly kind: "held"; readonly holder: GrantHolder; readonly spent: boolean }
  /** What is stored stays. */
  | { readonly kind: "kept"; readonly known: KnownRow }
  /** What was to be stored waited for a word, and waits no more. */
  | { readonly kind: "gone" };

/**
 * Stores the connection with its due time in one statement. An account that is known keeps its id and history; its generation moves,
 * so that whatever is under way with the old token set cannot overwrite the new one.
 *
 * @param forRow what to store, once it is known what is there; null leaves that as it is
 * @param pendingId the row of `pending_grants` that it waited in: stored only while it is there, and gone afterwards
 */
export async function upsert(
  pool: Pool,
  connection: NewConnection,
  forRow: (id: string, known: KnownRow | null) => ForRow | null,
  now: Date,
  pendingId: string | null = null,
): Promise<Upserted> {
  for (;;) {
    const known = await findKnown(pool, connection);
    const id = known?.id ?? randomUUID();
    const row = forRow(id, known);
    if (row === null && known !== null) return { kind: "kept", known };
    if (row === null) throw new TypeError("there is nothing to keep");
    const spender = row.brought !== null && row.grantHash ? await spentBy(pool, row.grantHash) : null;
    if (spender !== null && spender.id !== known?.id) return { kind: "held", holder: spender, spent: true };
    if (spender !== null && known !== null && row.brought === "checked") return { kind: "kept", known };
    const stored = await store(pool, connection, id, known, row, now, pendingId).catch(inUse);
    // A conflict with nobody: the holder has gone or given way meanwhile. Nothing stored: the account was written between our look and our
    // write. Look again.
    if (stored === "grant_in_use") {
      const hash = row.grantHash as string;
      const holder = (await giveWay(pool, hash)) ? null : await holderOf(pool, hash);
      if (holder !== null) return { kind: "held", holder, spent: false };
    } else if (stored !== undefined) return { kind: "stored", ...stored, reconnected: known !== null };
    else if (pendingId !== null && !(await isPending(pool, pendingId))) return { kind: "gone" };
  }
}

function inUse(error: unknown): "grant_in_use" {
  if (isGrantInUse(error)) return "grant_in_use";
  throw error;
}

async function isPending(pool: Pool, id: string): Promise<boolean> {
  return (await pool.query("SELECT FROM pending_grants WHERE id = $1", [id])).rows.length > 0;
}

async function store(
  pool: Pool,
  connection: NewConnection,
  id: string,
  known: KnownRow | null,
  row: ForRow,
  now: Date,
  pendingId: string | null,
): Promise<{ id: string; generation: number } | undefined> {
  const { rows } = await pool.query<{ id: string; generation: number }>({
    name: "connection-upsert",
    text: upsertSql,
    values: [
      id,
      connection.userId,
      connection.provider,
      connection.registration,
      connection.externalAccountId,
      connection.displayName,
      connection.parentId,
      connection.authType,
      row.accessToken,
      row.refreshToken,
      connection.tokenType,
      connection.scopes,
      connection.expiresAt,
      connection.refreshTokenExpiresAt,
      row.nextRefreshAt,
      connection.metadata,
      now,
      eventOf(connection, known !== null),
      connection.userEmail ?? null,
      connection.client ?? null,
      connection.grantEndsAt ?? null,
      row.grantHash,
      known?.generation ?? null,
      row.brought !== null,
      pendingId,
      row.brought === "checked" && known?.refreshing === false,
      connection.tags ?? [],
    ],
  });
  return rows[0];
}

/** Derived tokens come and go with their parent's: nobody connected anything. */
function eventOf({ authType }: NewConnection, known: boolean): EventName | null {
  if (authType === "derived") return null;
  return known ? "connection.reconnected" : "connection.created";
}

async function findKnown(pool: Pool, { userId, provider, externalAccountId }: NewConnection): Promise<KnownRow | null> {
  const { rows } = await pool.query<KnownRow>({
    name: "connection-find",
    text: `SELECT id, registration, auth_type, status, access_token, refresh_token, expires_at, next_refresh_at, generation, metadata,
        lease_owner IS NOT NULL AS refreshing
      FROM connections WHERE user_id = $1 AND provider = $2 AND external_account_id = $3`,
    values: [userId, provider, externalAccountId],
  });
  return rows[0] ?? null;
}

// A lease that is out keeps its owner's hands off by the generation; clearing it lets the new token set be refreshed at once.
const upsertSql = `
WITH stored AS (
  INSERT INTO connections AS c (id, user_id, provider, registration, external_account_id, display_name, parent_id, auth_type,
    access_token, refresh_token, token_type, scopes, expires_at, refresh_token_expires_at, next_refresh_at, metadata,
    connected_at, updated_at, user_email, client, grant_ends_at, grant_hash, tags)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17::timestamptz, $17::timestamptz, $19, $20, $21, $22, $27::text[]
  WHERE $25::uuid IS NULL OR EXISTS (SELECT FROM pending_grants WHERE id = $25)
  ON CONFLICT (user_id, provider, external_account_id) DO UPDATE SET
    registration = excluded.registration, display_name = coalesce(excluded.display_name, c.display_name),
    parent_id = excluded.parent_id, auth_type = excluded.auth_type, access_token = excluded.access_token,
    refresh_token = excluded.refresh_token, token_type = excluded.token_type, scopes = excluded.scopes,
    expires_at = excluded.expires_at, refresh_token_expires_at = excluded.refresh_token_expires_at,
    next_refresh_at = excluded.next_refresh_at, metadata = c.metadata || excluded.metadata, connected_at = excluded.connected_at,
    updated_at = excluded.updated_at, generation = greatest(c.generation, c.newer_generation) + 1, status = 'connected', lease_owner = NULL, lease_until = NULL,
    not_before = NULL, failing_since = NULL, consecutive_failures = 0, lost_answers = 0, last_error_code = NULL,
    last_error_message = NULL, user_email = coalesce(excluded.user_email, c.user_email), client = excluded.client,
    grant_ends_at = excluded.grant_ends_at, reauth_announced_at = NULL, grant_hash = excluded.grant_hash,
    tags = ${mergedTagsSql("c.tags", "excluded.tags")}
    -- What was judged while nobody refreshed it is looked at again when somebody does by now.
    WHERE c.id = excluded.id AND c.generation = $23 AND (NOT $26 OR c.lease_owner IS NULL)
  RETURNING id, generation, provider, user_id, status, expires_at
), brought AS (
  INSERT INTO brought_grants (grant_hash, connection_id) SELECT $22, id FROM stored WHERE $24 AND $22 <> ''
  ON CONFLICT (grant_hash) DO UPDATE SET connection_id = excluded.connection_id
), confirmed AS (
  DELETE FROM pending_grants p USING stored WHERE p.id = $25
), forgiven AS (
  -- To revoke the old grant now would, at many providers, end the new one.
  DELETE FROM revocations r USING stored WHERE r.connection_id = stored.id
), told AS (
  ${tellSql(
    {
      ...{ event: "$18", connectionId: "id", provider: "provider" },
      payload: { userId: "user_id", status: "status", expiresAt: "expires_at" },
    },
    "stored WHERE $18::text IS NOT NULL",
  )}
)
SELECT id, generation FROM stored`;

/** Moves the due time; never for a connection that needs none. @returns the job to place, or null */
export async function setDue(
  pool: Pool,
  id: string,
  generation: number,
  dueAt: Date,
  force: boolean,
): Promise<{ dueAt: Date } | null> {
  const { rows } = await pool.query<{ due_at: Date }>({
    name: "connection-set-due",
    text: `UPDATE connections SET next_refresh_at = $3
      WHERE id = $1 AND generation = $2 AND auth_type = 'oauth2' AND status <> 'disconnected' AND (status <> 'needs_reauth' OR $4)
      RETURNING CASE WHEN $4 THEN next_refresh_at ELSE greatest(next_refresh_at, not_before) END AS due_at`,
    values: [id, generation, dueAt, force],
  });
  return rows[0] === undefined ? null : { dueAt: rows[0].due_at };
}

/** What a caller that asks for a token needs to know; one indexed read. */
export interface TokenRow {
  readonly id: string;
  readonly user_id: string;
  readonly provider: string;
  readonly registration: string;
  readonly auth_type: AuthType;
  readonly status: ConnectionStatus;
  readonly access_token: Sealed | null;
  readonly token_type: string | null;
  readonly scopes: string[];
  readonly expires_at: Date | null;
  readonly generation: number;
  readonly next_refresh_at: Date | null;
  readonly failing_since: Date | null;
  readonly last_refresh_at: Date | null;
  readonly last_error_code: string | null;
}

const tokenColumns = `id, user_id, provider, registration, auth_type, status, access_token, token_type, scopes, expires_at, generation,
  next_refresh_at, failing_since, last_refresh_at, last_error_code`;

export async function tokenById(pool: Pool, id: string): Promise<TokenRow | null> {
  const { rows } = await pool.query<TokenRow>({
    name: "token-by-id",
    text: `SELECT ${tokenColumns} FROM connections WHERE id = $1`,
    values: [id],
  });
  return rows[0] ?? null;
}

/**
 * A user's accounts at one provider, in SQL, those that work first: a token that lives goes before one that has to be refreshed, a healthy
 * status before a sick one, both before who waits for the user; then the one that was connected last.
 */
const workingFirstSql = `status = 'disconnected', auth_type = 'derived', status = 'needs_reauth',
  (access_token IS NULL OR expires_at <= now()) IS TRUE, status <> 'connected', connected_at DESC`;

/** Of several accounts, one that works. */
export async function tokenByUser(pool: Pool, userId: string, provider: string): Promise<TokenRow | null> {
  const { rows } = await pool.query<TokenRow>({
    name: "token-by-user",
    text: `SELECT ${tokenColumns} FROM connections WHERE user_id = $1 AND provider = $2
      ORDER BY ${workingFirstSql} LIMIT 1`,
    values: [userId, provider],
  });
  return rows[0] ?? null;
}

/** All accounts of a user, provider by provider, those that work first. */
export async function accountsOf(
  pool: Pool,
  userId: string,
): Promise<Pick<TokenRow, "id" | "provider" | "status" | "expires_at">[]> {
  const { rows } = await pool.query<TokenRow>({
    name: "accounts-of-user",
    text: `SELECT id, provider, status, expires_at FROM connections WHERE user_id = $1
      ORDER BY provider, ${workingFirstSql} LIMIT 1000`,
    values: [userId],
  });
  return rows;
}
