import { type Keyring, VaultError } from "@evertoken/adapters";
import {
  type ConfiguredProvider,
  configureProvider,
  defineProvider,
  findFaults,
  findUnsafeEndpoints,
  type ProviderInput,
  type Registration,
} from "@evertoken/providers";
import type { Pool } from "pg";
import { defaultRegistration, secretPlace } from "./registration-names.ts";
import { type DefinitionColumns, wholeDefinition } from "./stored-values.ts";

/** A stored provider with its own client registration, as the database has them. */
export interface StoredRow extends DefinitionColumns {
  readonly id: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly client_id: string | null;
  readonly client_secret: string | null;
}

/** What a row comes to. A fault without a provider: the definition is one that this version does not understand. */
export interface OpenedRow {
  readonly id: string;
  readonly configured: ConfiguredProvider | null;
  readonly fault: string | null;
}

const from = `FROM stored_providers p
  LEFT JOIN client_registrations r ON r.provider = p.id AND r.name = '${defaultRegistration}'`;

/** Another text whenever any of the rows is another one, whoever wrote it and whatever the clocks say. */
export async function storedVersion(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ version: string | null }>({
    name: "stored-providers-version",
    text: `SELECT string_agg(concat_ws(':', p.id, p.xmin::text, r.xmin::text), ',' ORDER BY p.id) AS version ${from}`,
  });
  return rows[0]?.version ?? "";
}

export async function readStoredRows(pool: Pool): Promise<StoredRow[]> {
  const { rows } = await pool.query<StoredRow>({
    name: "stored-providers",
    text: `SELECT p.id, p.definition, p.secrets, p.created_at, p.updated_at, r.client_id, r.client_secret ${from} ORDER BY p.id`,
  });
  return rows;
}

export function openRow(row: StoredRow, keyring: Keyring, allowPrivateAddresses: boolean): OpenedRow {
  const { id } = row;
  const opened = opening(() => wholeDefinition(keyring, row));
  const unread = opened.fault === null ? null : `the stored headers and parameters do not open: ${opened.fault}`;
  const faults = unread === null ? definitionFaults(id, opened.value, allowPrivateAddresses) : [unread];
  if (faults.length > 0) return { id, configured: null, fault: faults.join("; ") };
  const provider = defineProvider(opened.value as ProviderInput);
  const { registration, fault } = openRegistration(row, keyring);
  const configured = configureProvider({ provider, origin: "stored", registration, concurrency: null });
  return { id, configured, fault };
}

function definitionFaults(id: string, definition: unknown, allowPrivateAddresses: boolean): string[] {
  const faults = findFaults(definition).map((fault) => fault.slice(fault.indexOf(": ") + 2));
  if (faults.length > 0) return faults;
  const provider = defineProvider(definition as ProviderInput);
  if (provider.id !== id) return ["id: is another one"];
  return allowPrivateAddresses ? [] : findUnsafeEndpoints(provider);
}

function openRegistration(
  row: StoredRow,
  keyring: Keyring,
): { registration: Registration | null; fault: string | null } {
  const { id, client_id: clientId, client_secret: sealed } = row;
  if (clientId === null) return { registration: null, fault: null };
  const { value: clientSecret, fault } = opening(() =>
    sealed === null ? null : keyring.openText(sealed, secretPlace(id, defaultRegistration)),
  );
  if (fault !== null) return { registration: null, fault: `the stored client secret does not open: ${fault}` };
  return { registration: { clientId, clientSecret }, fault: null };
}

function opening<T>(open: () => T): { value: T; fault: null } | { value?: never; fault: string } {
  try {
    return { value: open(), fault: null };
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    return { fault: error.message };
  }
}
