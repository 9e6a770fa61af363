import type { ConnectionStatus, Sealed } from "@evertoken/core";
import { DatabaseError, type Pool } from "pg";
import { givenRows } from "./given-rows.ts";

/** The one connection that holds a grant: only it may spend its refresh token. */
export interface GrantHolder {
  readonly id: string;
  readonly user_id: string;
  readonly provider: string;
  readonly external_account_id: string;
  readonly status: ConnectionStatus;
}

/** Whether a write was refused because another connection holds the refresh token. The index decides, whatever was looked up before. */
export function isGrantInUse(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === "23505" && error.constraint === "connections_grant_hash_key";
}

export const inUseBy = (id: string) => `connection ${id} holds the same refresh token, which only one may spend`;

/** null: nobody any more. */
export async function holderOf(pool: Pool, grantHash: string): Promise<GrantHolder | null> {
  const { rows } = await pool.query<GrantHolder>({
    name: "grant-holder",
    text: `SELECT id, user_id, provider, external_account_id, status FROM connections WHERE grant_hash = $1 AND grant_hash <> ''`,
    values: [grantHash],
  });
  return rows[0] ?? null;
}

/** The connection that was imported with this refresh token, lives, and has spent it since. */
export async function spentBy(pool: Pool, grantHash: string): Promise<GrantHolder | null> {
  const { rows } = await pool.query<GrantHolder>({
    name: "grant-spent-by",
    text: `SELECT c.id, c.user_id, c.provider, c.external_account_id, c.status
      FROM brought_grants b JOIN connections c ON c.id = b.connection_id
      WHERE b.grant_hash = $1 AND c.grant_hash IS DISTINCT FROM $1 AND c.status NOT IN ('disconnected', 'needs_reauth')`,
    values: [grantHash],
  });
  return rows[0] ?? null;
}

/** A connection that waits for its user no longer spends what it holds: it gives it up to one that was just granted it. @returns whether it did */
export async function giveWay(pool: Pool, grantHash: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: "grant-give-way",
    text: `UPDATE connections SET grant_hash = NULL, refresh_token = NULL
      WHERE grant_hash = $1 AND grant_hash <> '' AND status = 'needs_reauth' AND lease_owner IS NULL`,
    values: [grantHash],
  });
  return rowCount === 1;
}

/** A stored refresh token whose hash is not known yet: of a former version, or of an app that does not know our client id. */
export interface UnhashedRow {
  readonly id: string;
  readonly provider: string;
  readonly registration: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly refresh_token: Sealed;
}

/** In pages by id, from an index that holds no others. One that is being refreshed gets its hash with what comes of it. */
export async function unhashedPage(pool: Pool, afterId: string, limit: number): Promise<UnhashedRow[]> {
  const { rows } = await pool.query<UnhashedRow>({
    name: "grants-unhashed",
    text: `SELECT id, provider, registration, metadata, refresh_token FROM connections
      WHERE id > $1 AND grant_hash IS NULL AND refresh_token IS NOT NULL ORDER BY id LIMIT $2`,
    values: [afterId, limit],
  });
  return rows;
}

export interface HashedRow extends UnhashedRow {
  readonly grantHash: string;
}

/** Each only if it still holds the token that was hashed. @throws when one of them is in use: see {@link isGrantInUse} */
export async function storeHashes(pool: Pool, rows: readonly HashedRow[]): Promise<number> {
  const { rowCount } = await pool.query({
    name: "grants-store-hashes",
    text: `WITH hashed AS (
        UPDATE connections c SET grant_hash = r.hash
        FROM ${givenRows("r", "id uuid, token text, hash text")}
        WHERE c.id = r.id AND c.refresh_token = r.token AND c.grant_hash IS NULL
        RETURNING c.id, c.grant_hash
      ), brought AS (
        INSERT INTO brought_grants (grant_hash, connection_id) SELECT grant_hash, id FROM hashed WHERE grant_hash <> ''
        ON CONFLICT (grant_hash) DO UPDATE SET connection_id = excluded.connection_id
      )
      SELECT FROM hashed`,
    values: [
      JSON.stringify(rows.map(({ id, refresh_token, grantHash }) => ({ id, token: refresh_token, hash: grantHash }))),
    ],
  });
  return rowCount ?? 0;
}

/**
 * Takes away the copy of a refresh token that another connection holds, so that it can never be spent twice. The access token is good to
 * its end. Not while a refresh is under way: its commit finds out by itself. @returns whether it was taken
 */
export async function disarm(pool: Pool, { id, refresh_token }: UnhashedRow, message: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: "grants-disarm",
    text: `UPDATE connections SET refresh_token = NULL, next_refresh_at = expires_at, last_error_code = 'grant_in_use',
        last_error_message = $3, updated_at = now()
      WHERE id = $1 AND refresh_token = $2 AND grant_hash IS NULL AND lease_owner IS NULL`,
    values: [id, refresh_token, message],
  });
  return rowCount === 1;
}

/** Connections whose refresh token another one holds. */
export async function inUseElsewhere(pool: Pool): Promise<{ id: string; message: string }[]> {
  const { rows } = await pool.query<{ id: string; message: string }>(
    `SELECT id, last_error_message AS message FROM connections
     WHERE last_error_code = 'grant_in_use' AND status <> 'disconnected' ORDER BY id LIMIT 100`,
  );
  return rows;
}
