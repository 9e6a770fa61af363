import type { Keyring } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { type Finding, fail, ok } from "./finding.ts";

/** A key's id is a hash of the key, so that comparing ids is enough; unlike the check at start, this one writes nothing. */
export async function checkKeys(pool: Engine["pool"], keyring: Keyring): Promise<Finding> {
  const { rows } = await pool.query<{ key_id: string }>("SELECT key_id FROM encryption_keys");
  const missing = rows.map(({ key_id }) => key_id).filter((id) => !keyring.keyIds.includes(id));
  if (missing.length === 0) return ok("encryption keys", `${keyring.keyIds.length} in the ring, none missing`);
  return fail(
    "encryption keys",
    `tokens here are encrypted with ${missing.join(", ")}, which ENCRYPTION_KEY does not hold`,
    "put that key back into ENCRYPTION_KEY, behind the one that encrypts; without it those tokens are lost",
  );
}
