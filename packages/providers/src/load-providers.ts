import type { RawAnswer } from "@evertoken/core";
import { catalogue } from "./catalogue/index.ts";
import { discoverEndpoints } from "./discovery.ts";
import type { Env, ReadFile } from "./env.ts";
import type { HttpRequest } from "./http-request.ts";
import { createProviders, type Providers } from "./registry.ts";
import { readProviderSettings } from "./settings.ts";

export interface LoadedProviders {
  readonly providers: Providers;
  /** Wrong settings and wrong files, one line each: reasons not to start. */
  readonly faults: string[];
  /** What was taken off secrets that were pasted with something around them. */
  readonly warnings: string[];
  /**
   * Issuers that did not answer, or not with metadata that can be used: `<id>: issuer: <what is wrong>`. Their providers may lack endpoints.
   * A reason to load again later, and none to keep the others from working.
   */
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
  const { settings, waiting } = await discoverEndpoints(read.settings, exchange);
  const unreachable = [...waiting].map(([id, reason]) => `${id}: ${reason}`);
  return { providers: createProviders(settings, waiting), faults: read.faults, warnings: read.warnings, unreachable };
}
