import type { RawAnswer } from "@evertoken/core";
import type { HttpRequest } from "./http-request.ts";
import type { Provider } from "./provider.ts";
import { type MetadataReading, readMetadata } from "./read-metadata.ts";
import type { ProviderSettings } from "./settings.ts";

export interface Discovery {
  readonly settings: ProviderSettings;
  /** Why issuers gave no endpoints, by provider. Those keep what they state, which may be none at all. */
  readonly waiting: ReadonlyMap<string, string>;
}

/**
 * Fills in the endpoints of providers that state an `issuer` (RFC 8414, OpenID Connect Discovery 1.0). What comes from an issuer, or does not
 * come, is no setting of ours: a 404, a page, metadata that names another issuer leave its provider without endpoints, and concern
 * no other one.
 */
export async function discoverEndpoints(
  settings: ProviderSettings,
  exchange: (request: HttpRequest) => Promise<RawAnswer>,
): Promise<Discovery> {
  const waiting = new Map<string, string>();
  const providers = await Promise.all(
    settings.providers.map(async (entry) => {
      const { provider } = entry;
      if (provider.issuer === null) return entry;
      // Already a fault of the settings: nothing is asked of it.
      if (!settings.allowPrivateAddresses && !provider.issuer.startsWith("https:")) return entry;
      const reading = await discover(provider, provider.issuer, exchange);
      if (reading.kind === "read") return { ...entry, provider: reading.provider };
      waiting.set(provider.id, `issuer: ${reading.reason}`);
      return entry;
    }),
  );
  return { settings: { ...settings, providers }, waiting };
}

/** Asks one issuer, in both well-known places, for the endpoints that the provider does not state itself. */
export async function discover(
  provider: Provider,
  issuer: string,
  exchange: (request: HttpRequest) => Promise<RawAnswer>,
): Promise<MetadataReading> {
  const readings: Unread[] = [];
  for (const url of metadataUrls(issuer)) {
    const answer = await exchange({ method: "GET", url, headers: { accept: "application/json" }, body: null });
    const reading = readMetadata(provider, answer);
    if (reading.kind === "read") return reading;
    readings.push(reading);
  }
  return mostTelling(readings);
}

/** OpenID Connect appends to the issuer's path, RFC 8414 section 3.1 goes in front of it. */
export function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

type Unread = Exclude<MetadataReading, { kind: "read" }>;

/** A document with a fault says more than a 404, and a server that may come back more than that. */
function mostTelling(unread: readonly Unread[]): Unread {
  const rank = ({ kind, document }: Unread) => (document ? 2 : kind === "unreachable" ? 1 : 0);
  return unread.reduce((best, next) => (rank(next) > rank(best) ? next : best));
}
