import { type Keyring, VaultError } from "@evertoken/adapters";
import { fillSentValues, hideSentValues, type SentValues, sentValue } from "@evertoken/providers";
import type { Pool } from "pg";
import { withStore } from "../evertoken-error.ts";

/** A definition as its row holds it. */
export interface DefinitionColumns {
  readonly definition: unknown;
  /** null: it has no such values, or they stand in the definition, as the version before has them. */
  readonly secrets: string | null;
}

const place = (id: string) => `stored_providers/${id}/secrets`;

/**
 * Headers and parameters of a definition may hold secrets of their own: their values are sealed apart from it, and a mark stands where they
 * were. Not before the present form of texts is used, since processes of the version before find a mark wrong.
 */
export function toColumns(keyring: Keyring, id: string, whole: unknown): DefinitionColumns {
  const { shown, values } = hideSentValues(whole);
  const sealed = keyring.sealText(JSON.stringify(values), place(id));
  const apart = Object.keys(values).length > 0 && sealed.startsWith(keyring.presentBeginning);
  return apart ? { definition: shown, secrets: sealed } : { definition: whole, secrets: null };
}

/** The definition with its values. @throws {VaultError} */
export function wholeDefinition(
  keyring: Keyring,
  { id, definition, secrets }: DefinitionColumns & { id: string },
): unknown {
  if (secrets === null) return definition;
  const values = JSON.parse(keyring.openText(secrets, place(id))) as SentValues;
  return fillSentValues(definition, (path, name) => sentValue(values, path, name));
}

/** What a replacement may leave as it is: what does not open has to be given again. */
export function storedValues(keyring: Keyring, row: DefinitionColumns & { id: string }): SentValues {
  try {
    return hideSentValues(wholeDefinition(keyring, row)).values;
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    return hideSentValues(row.definition).values;
  }
}

/** Seals what the version before has stored, each row only if it is still the one that was read. @returns how many */
export async function sealStoredValues({ pool, keyring }: { pool: Pool; keyring: Keyring }): Promise<number> {
  const { rows } = await withStore(() =>
    pool.query<{ id: string; definition: unknown }>(
      "SELECT id, definition FROM stored_providers WHERE secrets IS NULL",
    ),
  );
  let done = 0;
  for (const { id, definition } of rows) {
    const sealed = toColumns(keyring, id, definition);
    if (sealed.secrets === null) continue;
    const { rowCount } = await withStore(() =>
      pool.query(
        `UPDATE stored_providers SET definition = $2, secrets = $3
         WHERE id = $1 AND definition = $4::jsonb AND secrets IS NULL`,
        [id, JSON.stringify(sealed.definition), sealed.secrets, JSON.stringify(definition)],
      ),
    );
    done += rowCount ?? 0;
  }
  return done;
}
