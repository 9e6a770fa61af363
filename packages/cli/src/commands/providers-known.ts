import { ConfigError, createKeyring, createPool, describePostgresTrouble, readConfig } from "@evertoken/adapters";
import { EvertokenError } from "@evertoken/engine";
import {
  type ConfiguredProvider,
  catalogue,
  createProviders,
  type Providers,
  readProviderSettings,
} from "@evertoken/providers";
import type { Io } from "../io.ts";
import { readFile } from "../open.ts";
import { withStored } from "../with-stored.ts";

/**
 * Every provider with the operator's settings applied, and the stored ones where there is a database. Works before there is any, and
 * while it is away.
 */
export async function knownProviders(io: Io): Promise<Providers> {
  const { settings, faults } = readProviderSettings(io.env, readFile, catalogue);
  if (faults.length > 0) throw new ConfigError(faults);
  const fixed = createProviders(settings);
  const { config } = readConfig(io.env, readFile);
  if (config.databaseUrl === "" || config.encryptionKeys.length === 0) return fixed;
  const pool = createPool(config.databaseUrl, 1, () => undefined, { prepared: config.databasePrepared });
  try {
    const live = withStored(config, fixed, pool, createKeyring(config.encryptionKeys));
    await live.reload();
    return live;
  } catch (error) {
    io.note(`Stored providers are not shown: ${describePostgresTrouble(error)}.`);
    return fixed;
  } finally {
    await pool.end();
  }
}

export async function knownProvider(io: Io, id: string): Promise<ConfiguredProvider> {
  const configured = (await knownProviders(io)).get(id);
  if (configured !== undefined) return configured;
  throw new EvertokenError("unknown_provider", `there is no provider "${id}": see \`evertoken providers\``);
}
