import { createSecretKey, type KeyObject, randomBytes, randomUUID } from "node:crypto";
import type { Pool } from "pg";
import type { Keyring } from "../vault.ts";

const place = (purpose: string) => `hash_keys/${purpose}/secret`;

/**
 * The key of our hashes for this purpose, made by whoever needs it first. It is a random one of its own, sealed with the key ring: a new
 * encryption key seals it anew and changes no hash. One that was sealed with a key which is gone for good is replaced: what was hashed with
 * it cannot be opened any more, and so cannot be spent.
 */
export async function loadHashKey(pool: Pool, keyring: Keyring, purpose: string): Promise<KeyObject> {
  for (;;) {
    const { rows } = await pool.query<{ secret: string }>("SELECT secret FROM hash_keys WHERE purpose = $1", [purpose]);
    const sealed = rows[0]?.secret ?? null;
    const key = sealed === null ? null : open(keyring, sealed, purpose);
    if (key !== null) return key;
    await pool.query("DELETE FROM hash_keys WHERE purpose = $1 AND secret = $2", [purpose, sealed]);
    await pool.query("INSERT INTO hash_keys (id, purpose, secret) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", [
      randomUUID(),
      purpose,
      keyring.sealText(randomBytes(32).toString("hex"), place(purpose)),
    ]);
  }
}

/** Whether the ring is the right one was checked before. */
function open(keyring: Keyring, sealed: string, purpose: string): KeyObject | null {
  try {
    return createSecretKey(Buffer.from(keyring.openText(sealed, place(purpose)), "hex"));
  } catch {
    return null;
  }
}
