import type { Keyring } from "@evertoken/adapters";
import type { Pool } from "pg";
import { type ApiScope, noLimits, sealRights } from "./key-rights.ts";

/** A key whose row has no seal, as its plain columns describe it. */
export interface AdoptedKey {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly ApiScope[];
}

/**
 * Seals what the plain columns of unsealed rows say. Whoever calls it vouches for them: SQL may have written any of them. The key itself is
 * not needed, since its hash stays what it was.
 *
 * @param only ids; left out: all
 */
export async function adoptApiKeys(
  { pool, keyring }: { pool: Pool; keyring: Keyring },
  only: readonly string[] | null = null,
): Promise<AdoptedKey[]> {
  const { rows } = await pool.query<AdoptedKey & { key_hash: string }>(
    `SELECT id, name, prefix, scopes, key_hash FROM api_keys
     WHERE rights IS NULL AND revoked_at IS NULL AND ($1::text[] IS NULL OR id::text = ANY ($1)) ORDER BY created_at`,
    [only],
  );
  for (const { id, scopes, key_hash: keyHash } of rows) {
    const rights = sealRights(keyring, id, keyHash, { ...noLimits, scopes });
    await pool.query("UPDATE api_keys SET rights = $2 WHERE id = $1 AND rights IS NULL", [id, rights]);
  }
  return rows.map(({ key_hash: _, ...key }) => key);
}
