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
  if (faults.length > 0) return faults;
  // Nobody has written anything here in the former form.
  if (rows.length === 0) keyring.usePresentForm();
  await pool.query(`${insert} ON CONFLICT DO NOTHING`, checkTextOf(keyring));
  return [];
}

/** From now on all processes write the present form: they read this when they start, and open what others write. */
export async function beginPresentForm(pool: Pool, keyring: Keyring): Promise<void> {
  keyring.usePresentForm();
  await pool.query(
    `${insert} ON CONFLICT (key_id) DO UPDATE SET check_text = excluded.check_text`,
    checkTextOf(keyring),
  );
}

const insert = "INSERT INTO encryption_keys (key_id, check_text) VALUES ($1, $2)";
const checkTextOf = (keyring: Keyring) => [keyring.activeKeyId, keyring.sealText(plain, place(keyring.activeKeyId))];

function opens(keyring: Keyring, keyId: string, checkText: string): boolean {
  try {
    return keyring.openText(checkText, place(keyId)) === plain;
  } catch {
    return false;
  }
}
