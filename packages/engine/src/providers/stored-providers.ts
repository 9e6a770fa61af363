import { randomUUID } from "node:crypto";
import { closeCircuits } from "@evertoken/adapters";
import { hideSentValues } from "@evertoken/providers";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { nudgeDelivery } from "../refresh/announce.ts";
import { changesOfKind, movedAddresses } from "./changes-of-server.ts";
import { type ProviderSource, readSource, refused, type StatedProvider, withStoredValues } from "./provider-source.ts";
import { defaultRegistration, secretPlace } from "./registration-names.ts";
import { resolveProvider } from "./resolve-provider.ts";
import { openRow, readStoredRows, type StoredRow } from "./stored-rows.ts";
import { storedValues, toColumns } from "./stored-values.ts";

/** A stored provider as it may be shown: without secrets. */
export interface StoredProviderView {
  readonly id: string;
  /** As a providers file would state it, with the endpoints that were discovered, and `{ set: true }` for each value of headers and parameters. */
  readonly definition: Readonly<Record<string, unknown>>;
  readonly clientId: string | null;
  readonly hasSecret: boolean;
  /** Why it cannot be used as it is; null: it can. */
  readonly fault: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/**
 * Providers beside those of the box and of the settings, validated when they are added; every process uses them within seconds.
 * Every function throws {@link EvertokenError}.
 */
export const storedProviders = {
  async list(engine: Engine): Promise<StoredProviderView[]> {
    const rows = await withStore(() => readStoredRows(engine.pool));
    return rows.map((row) => toView(engine, row));
  },

  async show(engine: Engine, id: string): Promise<StoredProviderView> {
    return toView(engine, await readRow(engine, id));
  },

  /** With the client registration, where one is given, as the provider's `default`. */
  async add(engine: Engine, source: ProviderSource): Promise<StoredProviderView> {
    const stated = readSource(source);
    const client = sealedClient(engine, stated, null);
    await withStore(engine.checkKeys);
    await refuseTaken(engine, stated.id);
    const resolved = await resolveProvider(engine, withStoredValues(stated, {}).whole);
    const { definition, secrets } = toColumns(engine.keyring, stated.id, resolved.definition);
    const { rows } = await withStore(() =>
      engine.pool.query<{ added: boolean }>(
        `WITH added AS (
             INSERT INTO stored_providers (id, definition, secrets) VALUES ($1, $2, $7) ON CONFLICT DO NOTHING RETURNING id),
           ${registering("added")}
         SELECT EXISTS (SELECT FROM added) AS added`,
        [stated.id, JSON.stringify(definition), ...client, secrets],
      ),
    );
    if (!rows[0]?.added) throw taken(stated.id, "is stored already: replace it, or choose another id");
    await withStore(engine.providers.reload);
    return storedProviders.show(engine, stated.id);
  },

  /**
   * States it anew. The client registration stays where none is given, and a value of a header or parameter where a mark stands for it. What
   * was given to one server goes to no other: an address that leads elsewhere needs the client secret and these values again, and is refused
   * while there are grants of the old server, or secrets of further registrations. So is what would end the grants of its connections. Flows that are under way end with a change of the server.
   */
  async replace(engine: Engine, source: ProviderSource): Promise<StoredProviderView> {
    const stated = readSource(source);
    const { id } = stated;
    const row = await readRow(engine, id);
    const client = sealedClient(engine, stated, row);
    await withStore(engine.checkKeys);
    const { whole, kept } = withStoredValues(stated, storedValues(engine.keyring, row));
    const resolved = await resolveProvider(engine, whole);
    const { definition, secrets } = toColumns(engine.keyring, id, resolved.definition);
    const moved = movedAddresses(row.definition, resolved);
    const changes = [...changesOfKind(row.definition, resolved), ...moved];
    const keepsSecret = row.client_secret !== null && stated.client?.secret === undefined;
    const stays = [...(keepsSecret ? ["clientSecret"] : []), ...kept];
    const { rows } = await withStore(() =>
      engine.pool.query<Dependents & { replaced: boolean }>(
        `WITH used AS (${dependents}),
           replaced AS (
             UPDATE stored_providers SET definition = $2, secrets = $11, updated_at = now()
             WHERE id = $1 AND definition = $7::jsonb AND secrets IS NOT DISTINCT FROM $12
               AND ($8 OR (SELECT connections FROM used) = 0)
               AND ($9 OR (NOT $10 AND (SELECT grants + registrations FROM used) = 0)) RETURNING id),
           ${registering("replaced")},
           flows AS (DELETE FROM oauth_states WHERE provider IN (SELECT id FROM replaced) AND used_at IS NULL AND NOT $9)
         SELECT EXISTS (SELECT FROM replaced) AS replaced, used.* FROM used`,
        [
          ...[id, JSON.stringify(definition), ...client, JSON.stringify(row.definition)],
          ...[changes.length === 0, moved.length === 0, stays.length > 0, secrets, row.secrets],
        ],
      ),
    );
    const { replaced = false, connections = 0, ...held } = rows[0] ?? {};
    if (!replaced && connections > 0 && changes.length > 0)
      throw inUse(id, connections, `${changes.join(" and ")} cannot be changed`);
    if (!replaced && moved.length > 0) refuseToGiveAway(id, moved, stays, held);
    if (!replaced) throw taken(id, "was changed meanwhile: look at it, and try again");
    await withStore(engine.providers.reload);
    await closeItsCircuits(engine, id);
    return storedProviders.show(engine, id);
  },

  /** Its client registrations go with it, and grants that wait for a word or to be revoked. Refused while it has connections that are not disconnected. */
  async remove(engine: Engine, id: string): Promise<void> {
    const { rows } = await withStore(() =>
      engine.pool.query<{ used: number; removed: boolean; there: boolean }>(
        `WITH used AS (SELECT count(*)::int AS used FROM connections WHERE provider = $1 AND status <> 'disconnected'),
           removed AS (DELETE FROM stored_providers WHERE id = $1 AND (SELECT used FROM used) = 0 RETURNING id),
           registrations AS (DELETE FROM client_registrations WHERE provider IN (SELECT id FROM removed)),
           revocations AS (DELETE FROM revocations WHERE provider IN (SELECT id FROM removed)),
           flows AS (DELETE FROM oauth_states WHERE provider IN (SELECT id FROM removed) RETURNING state_hash),
           pending AS (DELETE FROM pending_grants WHERE state_hash IN (SELECT state_hash FROM flows)),
           states AS (DELETE FROM provider_states WHERE provider IN (SELECT id FROM removed)),
           circuits AS (DELETE FROM circuits WHERE provider IN (SELECT id FROM removed))
         SELECT used, EXISTS (SELECT FROM removed) AS removed,
           EXISTS (SELECT FROM stored_providers WHERE id = $1) AS there FROM used`,
        [id],
      ),
    );
    const { removed = false, there = false, used = 0 } = rows[0] ?? {};
    if (!there) throw notStored(engine, id);
    if (!removed) throw inUse(id, used, "it cannot be removed: disconnect them first");
    await withStore(engine.providers.reload);
  },
};

/** What holds a secret or a token that only the server may see which it was given for. */
interface Dependents {
  readonly connections: number;
  /** That wait for the app's word, or to be revoked. */
  readonly grants: number;
  /** With a secret, beside the default one. */
  readonly registrations: number;
}

const dependents = `SELECT
  (SELECT count(*)::int FROM connections WHERE provider = $1 AND status <> 'disconnected') AS connections,
  (SELECT count(*)::int FROM revocations WHERE provider = $1)
    + (SELECT count(*)::int FROM pending_grants JOIN oauth_states USING (state_hash) WHERE provider = $1) AS grants,
  (SELECT count(*)::int FROM client_registrations
    WHERE provider = $1 AND name <> '${defaultRegistration}' AND client_secret IS NOT NULL) AS registrations`;

/** @throws {EvertokenError} if it is about that */
function refuseToGiveAway(
  id: string,
  moved: readonly string[],
  stays: readonly string[],
  { grants = 0, registrations = 0 }: Partial<Dependents>,
): void {
  const leads = `${moved.join(" and ")} would lead to another server`;
  if (stays.length > 0)
    throw refused(stays.map((field) => `${field}: needed again, since ${leads} than the one that it was given for`));
  if (registrations > 0)
    throw new EvertokenError(
      "provider_in_use",
      `${leads}: remove the other registrations of ${id} first, they have secrets`,
    );
  if (grants > 0)
    throw new EvertokenError("provider_in_use", `${leads}: grants of ${id} still wait to be confirmed, or revoked`);
}

/** $3 to $6: an id for the row, the client id, its sealed secret, and whether the one that is stored stays. No client id: nothing. */
const registering = (change: string) => `registered AS (
  INSERT INTO client_registrations (id, provider, name, client_id, client_secret)
  SELECT $3::uuid, id, '${defaultRegistration}', $4, $5 FROM ${change} WHERE $4::text IS NOT NULL
  ON CONFLICT (provider, name)
    DO UPDATE SET client_id = excluded.client_id, updated_at = now(),
      client_secret = CASE WHEN $6 THEN client_registrations.client_secret ELSE excluded.client_secret END)`;

type ClientColumns = [id: string, clientId: string | null, clientSecret: string | null, keepSecret: boolean];

/** A secret that is left out is the one that is stored already, of the same client id. */
function sealedClient(engine: Engine, stated: StatedProvider, row: StoredRow | null): ClientColumns {
  const { keyring, logger } = engine;
  const { id, client, warnings } = stated;
  if (warnings.length > 0) logger.warn({ warnings }, `the registration of ${id} is stored`);
  if (client === undefined) return [randomUUID(), null, null, false];
  const { secret } = client;
  const same = row?.client_id != null && (row.client_id === client.id || row.client_secret === null);
  if (secret === undefined && !same) throw refused(["clientSecret: missing (null: a public client)"]);
  const sealed = secret ? keyring.sealText(secret, secretPlace(id, defaultRegistration)) : null;
  return [randomUUID(), client.id, sealed, secret === undefined];
}

async function refuseTaken({ providers }: Engine, id: string): Promise<void> {
  await withStore(providers.reload);
  const origin = providers.get(id)?.origin ?? (providers.faults().has(id) ? "stored" : undefined);
  if (origin === "catalogue")
    throw taken(id, "is a provider in the box: set its client registration, or choose another id");
  if (origin === "settings")
    throw taken(id, "is defined by the settings (EVERTOKEN_PROVIDERS_FILE, EVERTOKEN_GENERIC_PROVIDERS)");
  if (origin === "stored") throw taken(id, "is stored already: replace it, or choose another id");
}

async function readRow(engine: Engine, id: string): Promise<StoredRow> {
  const rows = await withStore(() => readStoredRows(engine.pool));
  const row = rows.find((one) => one.id === id);
  if (row === undefined) throw notStored(engine, id);
  return row;
}

function notStored({ providers }: Engine, id: string): EvertokenError {
  const origin = providers.get(id)?.origin;
  const known = origin === "catalogue" ? ": it is in the box" : origin === "settings" ? ": the settings define it" : "";
  return new EvertokenError("provider_not_found", `id: there is no stored provider of this id${known}`);
}

const taken = (id: string, why: string) => new EvertokenError("provider_exists", `id: ${id} ${why}`);

const inUse = (id: string, used: number, why: string) =>
  new EvertokenError(
    "provider_in_use",
    `${used} ${used === 1 ? "connection depends" : "connections depend"} on ${id}; ${why}`,
  );

/** What the provider refused may be mended. */
async function closeItsCircuits({ pool, queues }: Engine, id: string): Promise<void> {
  const closed = await withStore(() => closeCircuits(pool, id, "the provider was replaced"));
  // Redis may be away; the event waits in the outbox.
  if (closed) await nudgeDelivery(queues).catch(() => {});
}

function toView({ keyring, config }: Engine, row: StoredRow): StoredProviderView {
  const { fault } = openRow(row, keyring, config.request.allowPrivateAddresses);
  return {
    ...{ id: row.id, definition: hideSentValues(row.definition).shown, fault },
    ...{ clientId: row.client_id, hasSecret: row.client_secret !== null },
    ...{ createdAt: row.created_at, updatedAt: row.updated_at },
  };
}
