import type { Logger } from "@evertoken/adapters";
import { type ConfiguredProvider, configureProvider, discover, type Exchange } from "@evertoken/providers";

/** How long an issuer gets whose endpoints somebody waits for, and how soon it is asked again after it gave none. */
const answerWithinMs = 5000;
const askAgainMs = 60_000;

/** Endpoints of providers of the settings that state only an issuer, for processes that have not asked it at their start. */
export interface LateDiscovery {
  /** The provider with the endpoints that were found; as it is while there are none. */
  completed(configured: ConfiguredProvider): ConfiguredProvider;
  /** Why issuers that were asked gave none, by provider. */
  waiting(): ReadonlyMap<string, string>;
  /** Asks the issuer if endpoints are missing, and not more often than once a minute. @returns whether something was found. Never throws. */
  ask(configured: ConfiguredProvider): Promise<boolean>;
}

export function createLateDiscovery(exchange: Exchange, logger: Logger): LateDiscovery {
  const found = new Map<string, ConfiguredProvider>();
  const waiting = new Map<string, string>();
  const asked = new Map<string, { readonly at: number; readonly answer: Promise<boolean> }>();

  async function askIssuer({ provider, ...rest }: ConfiguredProvider, issuer: string): Promise<boolean> {
    const signal = AbortSignal.timeout(answerWithinMs);
    const reading = await discover(provider, issuer, (request) => exchange(request, { signal }));
    if (reading.kind === "read") {
      found.set(provider.id, configureProvider({ ...rest, provider: reading.provider }));
      waiting.delete(provider.id);
      return true;
    }
    waiting.set(provider.id, `issuer: ${reading.reason}`);
    logger.warn({ provider: provider.id, reason: reading.reason }, "an issuer gave no endpoints");
    return false;
  }

  return {
    waiting: () => waiting,
    completed: (configured) =>
      isIncomplete(configured) ? (found.get(configured.provider.id) ?? configured) : configured,
    async ask(configured) {
      const { id, issuer } = configured.provider;
      if (issuer === null || found.has(id) || !isIncomplete(configured)) return false;
      const last = asked.get(id);
      if (last !== undefined && Date.now() - last.at < askAgainMs) return last.answer;
      const answer = askIssuer(configured, issuer);
      asked.set(id, { at: Date.now(), answer });
      return answer;
    },
  };
}

function isIncomplete({ origin, provider }: ConfiguredProvider): boolean {
  return (
    origin === "settings" && provider.issuer !== null && (provider.tokenUrl === null || provider.authorizeUrl === null)
  );
}
