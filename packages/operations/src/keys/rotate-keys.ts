import { beginPresentForm, formatDuration, givenRows, liveProcesses } from "@evertoken/adapters";
import { firstId } from "@evertoken/core";
import type { Engine } from "@evertoken/engine/internal";
import { EvertokenError, sealStoredValues, withStore } from "@evertoken/engine/internal";

export interface KeyRotation {
  /** Texts that were encrypted with another key when we began. */
  readonly total: number;
  readonly reencrypted: number;
  /** Texts that no key of the ring opens: left as they are, and so is their key's entry. */
  readonly unreadable: number;
  /** Keys that nothing here needs any more: they may be taken out of ENCRYPTION_KEY. */
  readonly retired: readonly string[];
}

/** A column of ciphertexts. `place`, in SQL, is what each is bound to, as the one who wrote it says. */
interface SealedColumn {
  readonly table: string;
  readonly column: string;
  readonly place: string;
  /** Of texts of the former form, where that was another one. */
  readonly formerPlace?: string;
  /** Type of the table's ids. Default uuid. */
  readonly ids?: keyof typeof beforeAll;
}

const tokens = (table: string, id: string, owner = "provider || '/' || registration"): readonly SealedColumn[] =>
  ["access_token", "refresh_token"].map((column) => ({
    ...{ table, column, place: `'connections/' || ${id} || '/' || ${owner} || '/${column}'` },
    formerPlace: `'connections/' || ${id} || '/${column}'`,
  }));

/** A pending grant's flow says what it belongs to. */
const ofFlow =
  "(SELECT provider || '/' || registration FROM oauth_states s WHERE s.state_hash = pending_grants.state_hash)";

const columns: readonly SealedColumn[] = [
  ...tokens("connections", "id"),
  ...tokens("revocations", "connection_id"),
  ...tokens("pending_grants", "id", ofFlow),
  { table: "pending_grants", column: "details", place: "'pending_grants/' || id || '/details'" },
  {
    table: "client_registrations",
    column: "client_secret",
    place: "'client_registrations/' || provider || '/' || name || '/client_secret'",
  },
  {
    ...{ table: "stored_providers", column: "secrets", ids: "text" },
    place: "'stored_providers/' || id || '/secrets'",
  },
  { table: "api_keys", column: "rights", place: "'api_keys/' || id || '/rights'" },
  { table: "webhook_endpoints", column: "target", place: "'webhook_endpoints/' || id || '/target'" },
  { table: "webhook_endpoints", column: "secret", place: "'webhook_endpoints/' || id || '/secret'" },
  { table: "webhook_endpoints", column: "old_secret", place: "'webhook_endpoints/' || id || '/secret'" },
  { table: "people", column: "sealed", place: "'people/' || name || '/sealed'" },
  { table: "sessions", column: "sealed", place: "'sessions/' || id || '/sealed'" },
];

/** The keys of our own hashes: sealed anew like the others, and not counted as somebody's. */
const hashKeys: SealedColumn = { table: "hash_keys", column: "secret", place: "'hash_keys/' || purpose || '/secret'" };

const pageSize = 500;
const beforeAll = { uuid: firstId, text: "" };

/**
 * Encrypts anew, with the first key of the ring, whatever is encrypted with another one or in the former form, while everything runs: each text is replaced only
 * if it is still the one that was read. What is done is done; a run that was cut short goes on where it was.
 */
export async function rotateKeys(
  engine: Engine,
  onProgress: (done: number, total: number) => void,
): Promise<KeyRotation> {
  await engine.checkKeys();
  await refuseUnknownKey(engine);
  await withStore(() => beginPresentForm(engine.pool, engine.keyring));
  await replacePage(engine, hashKeys, await readPage(engine, hashKeys, beforeAll.uuid));
  const sealed = await sealStoredValues(engine);
  const counts = await Promise.all(columns.map((column) => countOthers(engine, column)));
  const total = counts.reduce((sum, count) => sum + count, sealed);
  const report = { total, reencrypted: sealed, unreadable: 0 };
  for (const column of columns) {
    for (let after = beforeAll[column.ids ?? "uuid"]; ; ) {
      const page = await readPage(engine, column, after);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.id;
      const { done, unreadable } = await replacePage(engine, column, page);
      report.reencrypted += done;
      report.unreadable += unreadable;
      onProgress(report.reencrypted, total);
    }
  }
  return { ...report, retired: await retireKeys(engine) };
}

/** What is encrypted with a key that a worker lacks is lost to it: it would take each of its connections for broken. */
async function refuseUnknownKey({ pool, keyring }: Engine): Promise<void> {
  const key = keyring.activeKeyId;
  const without = (await withStore(() => liveProcesses(pool))).filter(({ keyIds }) => !keyIds.includes(key));
  if (without.length === 0) return;
  const named = without.map(
    ({ name, id, seenAt }) => `${name} ${id} (seen ${formatDuration(Date.now() - seenAt.getTime())} ago)`,
  );
  throw new EvertokenError(
    "invalid_input",
    `not every process holds key ${key}, and could not read what is encrypted with it: ${named.join(", ")}. Append it to ENCRYPTION_KEY everywhere, restart these, and rotate then; one that was killed is forgotten after 90 s`,
  );
}

interface SealedText {
  readonly id: string;
  readonly place: string;
  readonly former_place: string;
  readonly text: string;
}

const isOther = (column: string) => `${column} IS NOT NULL AND ${column} NOT LIKE $1`;
const ours = ({ keyring }: Engine) => `${keyring.presentBeginning}%`;

async function countOthers(engine: Engine, { table, column }: SealedColumn): Promise<number> {
  const text = `SELECT count(*)::int AS others FROM ${table} WHERE ${isOther(column)}`;
  const { rows } = await withStore(() => engine.pool.query<{ others: number }>(text, [ours(engine)]));
  return rows[0]?.others ?? 0;
}

async function readPage(engine: Engine, sealed: SealedColumn, after: string): Promise<SealedText[]> {
  const { table, column, place, formerPlace = place } = sealed;
  const text = `SELECT id, ${place} AS place, ${formerPlace} AS former_place, ${column} AS text FROM ${table}
    WHERE ${isOther(column)} AND id > $2 ORDER BY id LIMIT ${pageSize}`;
  return (await withStore(() => engine.pool.query<SealedText>(text, [ours(engine), after]))).rows;
}

async function replacePage(engine: Engine, { table, column, ids = "uuid" }: SealedColumn, page: readonly SealedText[]) {
  const opened = page.flatMap((one) => {
    const anew = sealAnew(engine, one);
    return anew === null ? [] : [{ ...one, anew }];
  });
  const { rowCount } = await withStore(() =>
    engine.pool.query(
      `UPDATE ${table} AS t SET ${column} = n.anew FROM ${givenRows("n", `id ${ids}, text text, anew text`)}
       WHERE t.id = n.id AND t.${column} = n.text`,
      [JSON.stringify(opened)],
    ),
  );
  return { done: rowCount ?? 0, unreadable: page.length - opened.length };
}

function sealAnew({ keyring }: Engine, { text, place, former_place }: SealedText): string | null {
  try {
    return keyring.sealText(keyring.openText(text, place, former_place), place);
  } catch {
    return null;
  }
}

/** A key's entry stops a start without it, so it goes when nothing needs the key any more. */
async function retireKeys(engine: Engine): Promise<string[]> {
  const left = await Promise.all([...columns, hashKeys].map((column) => countOthers(engine, column)));
  if (left.some((count) => count > 0)) return [];
  const { rows } = await withStore(() =>
    engine.pool.query<{ key_id: string }>("DELETE FROM encryption_keys WHERE key_id <> $1 RETURNING key_id", [
      engine.keyring.activeKeyId,
    ]),
  );
  return rows.map(({ key_id }) => key_id);
}
