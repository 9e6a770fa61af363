import type { Keyring } from "@evertoken/adapters";
import { fingerprintOf, type Registration } from "@evertoken/providers";
import type { Pool } from "pg";
import type { LiveProviders } from "../providers/live-providers.ts";
import { defaultRegistration, secretPlace } from "../providers/registration-names.ts";

/** A changed secret is seen by every process within this time. */
const freshMs = 15_000;
const rememberMost = 1000;

/** Client registrations by provider and name, those that come with their provider and those that are stored by name. */
export interface RegistrationCache {
  /** null: there is none. @throws when the store is away, or the stored secret does not open */
  find(provider: string, name: string): Promise<Registration | null>;
  /** By `provider/name`: those that come with their provider, and the named ones that were used lately. */
  fingerprints(): Readonly<Record<string, string>>;
  forget(provider: string, name: string): void;
}

interface Known {
  readonly provider: string;
  readonly registration: Registration | null;
  readonly readAt: number;
}

/** @param unset stands for the fingerprint of a registration that is not there */
export function createRegistrationCache(
  { pool, keyring, providers }: { pool: Pool; keyring: Keyring; providers: LiveProviders },
  unset: string,
): RegistrationCache {
  const stored = new Map<string, Known>();
  return {
    async find(provider, name) {
      if (name === defaultRegistration) return (await providers.known(provider))?.registration ?? null;
      const key = `${provider}/${name}`;
      const known = stored.get(key);
      if (known !== undefined && Date.now() - known.readAt < freshMs) return known.registration;
      const registration = await read(pool, keyring, provider, name);
      stored.delete(key);
      stored.set(key, { provider, registration, readAt: Date.now() });
      // Maps keep their order: the first key is the one read longest ago.
      if (stored.size > rememberMost) stored.delete(stored.keys().next().value as string);
      return registration;
    },
    fingerprints() {
      const used = [...stored].flatMap(([key, { provider, registration, readAt }]) => {
        const known = providers.get(provider)?.provider;
        if (known === undefined || Date.now() - readAt >= freshMs) return [];
        return [[key, registration === null ? unset : fingerprintOf(registration, known)]];
      });
      return { ...ofProviders(providers), ...Object.fromEntries(used) };
    },
    forget: (provider, name) => void stored.delete(`${provider}/${name}`),
  };
}

/** Whoever is missing here has no registration that can be used. Asked anew each time: endpoints may be discovered late. */
function ofProviders(providers: LiveProviders): Record<string, string> {
  const usable = providers
    .all()
    .filter(({ configured, secretFingerprint }) => configured && secretFingerprint !== null);
  return Object.fromEntries(
    usable.map(({ provider, secretFingerprint }) => [
      `${provider.id}/${defaultRegistration}`,
      secretFingerprint as string,
    ]),
  );
}

async function read(pool: Pool, keyring: Keyring, provider: string, name: string): Promise<Registration | null> {
  const { rows } = await pool.query<{ client_id: string; client_secret: string | null }>({
    name: "client-registration",
    text: "SELECT client_id, client_secret FROM client_registrations WHERE provider = $1 AND name = $2",
    values: [provider, name],
  });
  const row = rows[0];
  if (row === undefined) return null;
  const place = secretPlace(provider, name);
  return {
    clientId: row.client_id,
    clientSecret: row.client_secret === null ? null : keyring.openText(row.client_secret, place),
  };
}
