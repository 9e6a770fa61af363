import type { RawAnswer } from "@evertoken/core";
import { catalogue } from "./catalogue/index.ts";
import { discoverEndpoints } from "./discovery.ts";
import type { HttpRequest } from "./http-request.ts";
import { createProviders, type Providers } from "./registry.ts";
import { type Env, type ReadFile, readProviderSettings } from "./settings.ts";

export interface LoadedProviders {
  readonly providers: Providers;
  /** Wrong settings, wrong files and wrong metadata of issuers, one line each: reasons not to start. */
  readonly faults: string[];
  /** Issuers that did not answer: their providers may lack endpoints until the next start. A reason to wait and load again. */
  readonly unreachable: string[];
}

/**
 * Every provider that a process can use: the catalogue and the operator's own, with settings and registrations applied and
 * endpoints discovered. Asks nobody unless a provider states an issuer. Never throws.
 */
export async function loadProviders(
  env: Env,
  readFile: ReadFile,
  exchange: (request: HttpRequest) => Promise<RawAnswer>,
): Promise<LoadedProviders> {
  const read = readProviderSettings(env, readFile, catalogue);
  const { settings, faults, unreachable } = await discoverEndpoints(read.settings, exchange);
  return { providers: createProviders(settings), faults: [...read.faults, ...faults], unreachable };
}
