import { type Config, ConfigError, type Env, readConfig } from "@evertoken/adapters";
import { createExchange, loadProviders, type Providers } from "@evertoken/providers";

export interface LoadedSettings {
  readonly config: Config;
  readonly providers: Providers;
  /** Issuers that gave no endpoints yet; they are asked again until they do. */
  readonly unreachable: readonly string[];
}

const askAgainMs = 60_000;
/** All issuers together, so that one that hangs holds up nobody's start. */
const answerWithinMs = 5000;

/**
 * All settings of a long-running process, with the endpoints of providers that only state an issuer discovered (RFC 8414). An issuer
 * that does not answer, or wrongly, stops nothing: its provider counts as not configured until it does.
 *
 * @param faultsOf what is wrong with settings that only this process reads
 * @throws {ConfigError} that names every wrong setting
 */
export async function loadSettings(
  env: Env,
  readFile: (path: string) => string,
  faultsOf: (config: Config) => readonly string[] = () => [],
): Promise<LoadedSettings> {
  const { config, faults } = readConfig(env, readFile);
  const { timeoutMs, allowPrivateAddresses } = config.request;
  const exchange = createExchange({ timeoutMs, allowPrivateAddresses, proxyEnv: env });
  const load = () => {
    const signal = AbortSignal.timeout(answerWithinMs);
    return loadProviders(env, readFile, (request) => exchange(request, { signal }));
  };
  const loaded = await load();
  const all = [...faults, ...loaded.faults, ...faultsOf(config)];
  if (all.length > 0) throw new ConfigError(all);

  let current = loaded.providers;
  const askAgain = async () => {
    const again = await load();
    // What was discovered once stays, also when its issuer is silent this time.
    if (again.faults.length === 0) current = firstConfigured(current, again.providers);
    askLater();
  };
  const askLater = () => {
    if (current.waiting().size > 0) setTimeout(askAgain, askAgainMs).unref();
    else exchange.close();
  };
  askLater();
  return {
    config: { ...config, warnings: [...config.warnings, ...loaded.warnings] },
    unreachable: loaded.unreachable,
    providers: { get: (id) => current.get(id), all: () => current.all(), waiting: () => current.waiting() },
  };
}

function firstConfigured(known: Providers, again: Providers): Providers {
  const isFound = (id: string) => known.get(id) !== undefined && !known.waiting().has(id);
  const get = (id: string) => (isFound(id) ? known.get(id) : again.get(id));
  const all = again.all().map((provider) => get(provider.provider.id) ?? provider);
  const waiting = new Map([...again.waiting()].filter(([id]) => !isFound(id)));
  return { get, all: () => all, waiting: () => waiting };
}
