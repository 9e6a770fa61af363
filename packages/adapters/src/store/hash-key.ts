import { createSecretKey, type KeyObject, randomBytes, randomUUID } from "node:crypto";
import type { Pool } from "pg";
import type { Keyring } from "../vault.ts";

const place = (purpose: string) => `hash_keys/${purpose}/secret`;

/**
 * The key of our hashes for this purpose, made by whoever needs it first. It is a random one of its own, sealed with the key ring: a new
 * encryption key seals it anew and changes no hash.
 */
export async function loadHashKey(pool: Pool, keyring: Keyring, purpose: string): Promise<KeyObject> {
  const found = await read(pool, purpose);
  if (found !== null) return toKey(keyring.openText(found, place(purpose)));
  await pool.query("INSERT INTO hash_keys (id, purpose, secret) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", [
    randomUUID(),
    purpose,
    keyring.sealText(randomBytes(32).toString("hex"), place(purpose)),
  ]);
  return loadHashKey(pool, keyring, purpose);
}

async function read(pool: Pool, purpose: string): Promise<string | null> {
  const { rows } = await pool.query<{ secret: string }>("SELECT secret FROM hash_keys WHERE purpose = $1", [purpose]);
  return rows[0]?.secret ?? null;
}

const toKey = (hex: string) => createSecretKey(Buffer.from(hex, "hex"));
