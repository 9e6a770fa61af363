import { randomUUID } from "node:crypto";
import { closeCircuits } from "@evertoken/adapters";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { nudgeDelivery } from "../refresh/announce.ts";
import { changesOfServer } from "./changes-of-server.ts";
import { type ProviderSource, readSource, refused, type StatedProvider } from "./provider-source.ts";
import { defaultRegistration, secretPlace } from "./registration-names.ts";
import { resolveProvider } from "./resolve-provider.ts";
import { openRow, readStoredRows, type StoredRow } from "./stored-rows.ts";

/** A stored provider as it may be shown: without its client secret. */
export interface StoredProviderView {
  readonly id: string;
  /** As a providers file would state it, with the endpoints that were discovered. */
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
    const { definition } = await resolveProvider(engine, stated);
    const { rows } = await withStore(() =>
      engine.pool.query<{ added: boolean }>(
        `WITH added AS (INSERT INTO stored_providers (id, definition) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id),
           ${registering("added")}
         SELECT EXISTS (SELECT FROM added) AS added`,
        [stated.id, JSON.stringify(definition), ...client],
      ),
    );
    if (!rows[0]?.added) throw taken(stated.id, "is stored already: replace it, or choose another id");
    await withStore(engine.providers.reload);
    return storedProviders.show(engine, stated.id);
  },

  /**
   * States it anew. The client registration stays where none is given. Refused where the grants of its connections would be worth nothing
   * afterwards: they are presented to the server that gave them, in the way that they are refreshed, or not at all.
   */
  async replace(engine: Engine, source: ProviderSource): Promise<StoredProviderView> {
    const stated = readSource(source);
    const { id } = stated;
    const row = await readRow(engine, id);
    const client = sealedClient(engine, stated, row);
    await withStore(engine.checkKeys);
    const resolved = await resolveProvider(engine, stated);
    const changes = changesOfServer(row.definition, resolved);
    const { rows } = await withStore(() =>
      engine.pool.query<{ replaced: boolean; used: number }>(
        `WITH used AS (SELECT count(*)::int AS used FROM connections WHERE provider = $1 AND status <> 'disconnected'),
           replaced AS (
             UPDATE stored_providers SET definition = $2, updated_at = now()
             WHERE id = $1 AND definition = $7::jsonb AND ($8 OR (SELECT used FROM used) = 0) RETURNING id),
           ${registering("replaced")}
         SELECT EXISTS (SELECT FROM replaced) AS replaced, used FROM used`,
        [id, JSON.stringify(resolved.definition), ...client, JSON.stringify(row.definition), changes.length === 0],
      ),
    );
    const { replaced = false, used = 0 } = rows[0] ?? {};
    if (!replaced && used > 0 && changes.length > 0)
      throw inUse(id, used, `${changes.join(" and ")} cannot be changed`);
    if (!replaced) throw taken(id, "was changed meanwhile: look at it, and try again");
    await withStore(engine.providers.reload);
    await closeItsCircuits(engine, id);
    return storedProviders.show(engine, id);
  },

  /** Its client registrations go with it. Refused while it has connections that are not disconnected. */
  async remove(engine: Engine, id: string): Promise<void> {
    const { rows } = await withStore(() =>
      engine.pool.query<{ used: number; removed: boolean; there: boolean }>(
        `WITH used AS (SELECT count(*)::int AS used FROM connections WHERE provider = $1 AND status <> 'disconnected'),
           removed AS (DELETE FROM stored_providers WHERE id = $1 AND (SELECT used FROM used) = 0 RETURNING id),
           registrations AS (DELETE FROM client_registrations WHERE provider IN (SELECT id FROM removed)),
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

/** $3 to $6: an id for the row, the client id, its sealed secret, and whether the one that is stored stays. No client id: nothing. */
const registering = (change: string) => `registered AS (
  INSERT INTO client_registrations (id, provider, name, client_id, client_secret)
  SELECT $3::uuid, id, '${defaultRegistration}', $4, $5 FROM ${change} WHERE $4::text IS NOT NULL
  ON CONFLICT (provider, name)
    DO UPDATE SET client_id = excluded.client_id, updated_at = now(),
      client_secret = CASE WHEN $6 THEN client_registrations.client_secret ELSE excluded.client_secret END)`;

type ClientColumns = [id: string, clientId: string | null, clientSecret: string | null, keepSecret: boolean];

/** A secret that is left out is the one that is stored already. */
function sealedClient(engine: Engine, stated: StatedProvider, row: StoredRow | null): ClientColumns {
  const { keyring, logger } = engine;
  const { id, client, warnings } = stated;
  if (warnings.length > 0) logger.warn({ warnings }, `the registration of ${id} is stored`);
  if (client === undefined) return [randomUUID(), null, null, false];
  const { secret } = client;
  if (secret === undefined && row?.client_id == null) throw refused(["clientSecret: missing (null: a public client)"]);
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
    ...{ id: row.id, definition: row.definition as Record<string, unknown>, fault },
    ...{ clientId: row.client_id, hasSecret: row.client_secret !== null },
    ...{ createdAt: row.created_at, updatedAt: row.updated_at },
  };
}
