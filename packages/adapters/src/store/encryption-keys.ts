import type { Pool } from "pg";
import type { Keyring } from "../vault.ts";

const place = (keyId: string) => `encryption_keys/${keyId}/check_text`;
const plain = "evertoken";

/**
 * Refuses a key ring that cannot open what is stored here, before anything is written with it.
 *
 * @returns faults in words; empty when the ring is right
 */
export async function checkKeyring(pool: Pool, keyring: Keyring): Promise<string[]> {
  const { rows } = await pool.query<{ key_id: string; check_text: string }>(
    "SELECT key_id, check_text FROM encryption_keys",
  );
  const faults = rows
    .filter(({ key_id, check_text }) => !opens(keyring, key_id, check_text))
    .map(
      ({ key_id }) => `tokens in this database are encrypted with key ${key_id}, which ENCRYPTION_KEY does not hold`,
    );
  if (faults.length === 0) await registerKey(pool, keyring);
  return faults;
}

function opens(keyring: Keyring, keyId: string, checkText: string): boolean {
  try {
    return keyring.openText(checkText, place(keyId)) === plain;
  } catch {
    return false;
  }
}

async function registerKey(pool: Pool, keyring: Keyring): Promise<void> {
  await pool.query("INSERT INTO encryption_keys (key_id, check_text) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
    keyring.activeKeyId,
    keyring.sealText(plain, place(keyring.activeKeyId)),
  ]);
}
