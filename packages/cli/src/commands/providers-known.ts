import { ConfigError } from "@evertoken/adapters";
import { EvertokenError } from "@evertoken/client";
import { catalogue, createProviders, type Provider, type Providers, readProviderSettings } from "@evertoken/providers";
import type { Io } from "../io.ts";
import { readFile } from "../open.ts";

/** Every provider with the operator's settings applied. Looks at settings only: works before there is any database. */
export function knownProviders(io: Io): Providers {
  const { settings, faults } = readProviderSettings(io.env, readFile, catalogue);
  if (faults.length > 0) throw new ConfigError(faults);
  return createProviders(settings);
}

export function knownProvider(io: Io, id: string): Provider {
  const configured = knownProviders(io).get(id);
  if (configured !== undefined) return configured.provider;
  throw new EvertokenError("unknown_provider", `there is no provider "${id}": see \`evertoken providers\``);
}
