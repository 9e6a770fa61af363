import { type Config, createLogger } from "@evertoken/adapters";
import { createLiveProviders, type Engine, type LiveProviders } from "@evertoken/engine/internal";
import { createExchange, type Providers } from "@evertoken/providers";

/** The providers of the settings and the stored ones, for commands that need no whole engine. Nothing is read yet. */
export function withStored(
  { request }: Config,
  fixed: Providers,
  pool: Engine["pool"],
  keyring: Engine["keyring"],
): LiveProviders {
  const { timeoutMs, allowPrivateAddresses } = request;
  const exchange = createExchange({ timeoutMs, allowPrivateAddresses });
  return createLiveProviders({
    ...{ fixed, pool, keyring, exchange, allowPrivateAddresses },
    logger: createLogger("cli", "silent"),
  });
}
