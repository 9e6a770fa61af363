import { type Config, ConfigError, type Env, readConfig } from "@evertoken/adapters";
import { createExchange, loadProviders, type Providers } from "@evertoken/providers";

export interface LoadedSettings {
  readonly config: Config;
  readonly providers: Providers;
  /** Issuers whose metadata could not be had yet; they are asked again until they answer. */
  readonly unreachable: readonly string[];
}

const askAgainMs = 60_000;

/**
 * All settings of a long-running process, with the endpoints of providers that only state an issuer discovered (RFC 8414). An issuer
 * that does not answer stops nothing: its provider counts as not configured until it does.
 *
 * @throws {ConfigError} that names every wrong setting
 */
export async function loadSettings(env: Env, readFile: (path: string) => string): Promise<LoadedSettings> {
  const { config, faults } = readConfig(env, readFile);
  const { timeoutMs, allowPrivateAddresses } = config.request;
  const exchange = createExchange({ timeoutMs, allowPrivateAddresses, proxyEnv: env });
  const loaded = await loadProviders(env, readFile, exchange);
  const all = [...faults, ...loaded.faults];
  if (all.length > 0) throw new ConfigError(all);

  let current = loaded.providers;
  const askAgain = async () => {
    const again = await loadProviders(env, readFile, exchange);
    // What was discovered once stays, also when its issuer is silent this time.
    if (again.faults.length === 0) current = firstConfigured(current, again.providers);
    if (again.unreachable.length > 0) setTimeout(askAgain, askAgainMs).unref();
    else exchange.close();
  };
  if (loaded.unreachable.length > 0) setTimeout(askAgain, askAgainMs).unref();
  else exchange.close();
  return {
    config,
    unreachable: loaded.unreachable,
    providers: { get: (id) => current.get(id), all: () => current.all() },
  };
}

function firstConfigured(known: Providers, again: Providers): Providers {
  const get = (id: string) => (known.get(id)?.configured ? known.get(id) : again.get(id));
  return { get, all: () => again.all().map((provider) => get(provider.provider.id) ?? provider) };
}
