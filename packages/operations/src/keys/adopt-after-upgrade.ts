import { checkKeyring, createKeyring, createPool } from "@evertoken/adapters";
import { adoptApiKeys } from "./adopt-api-keys.ts";

/** What stood in the table before it was written by versions that sealed no rights. */
const migration = "20261126150000_sealed_key_rights";

/**
 * Vouches for the API keys of the version before: once, in the run that applies that migration. Rows that come later without a seal are
 * nobody's, until an operator says otherwise (`evertoken keys adopt`).
 */
export async function adoptAfterUpgrade(
  applied: readonly string[],
  { databaseUrl, encryptionKeys }: { databaseUrl: string; encryptionKeys: readonly string[] },
  note: (line: string) => void,
): Promise<void> {
  if (!applied.includes(migration)) return;
  const pool = createPool(databaseUrl, 1, () => {});
  try {
    const { rows } = await pool.query("SELECT FROM api_keys WHERE rights IS NULL AND revoked_at IS NULL");
    if (rows.length === 0) return;
    const keyring = encryptionKeys.length === 0 ? null : createKeyring(encryptionKeys);
    const faults = keyring === null ? ["ENCRYPTION_KEY is not set here"] : await checkKeyring(pool, keyring);
    if (keyring === null || faults.length > 0) {
      note(
        `${rows.length} API keys wait: ${faults.join("; ")}. Run \`evertoken keys adopt\` before you replace the API`,
      );
      return;
    }
    await adoptApiKeys({ pool, keyring });
    note(`${rows.length} API keys go on: what each may do is sealed now`);
  } finally {
    await pool.end();
  }
}
