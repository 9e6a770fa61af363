import { createHash } from "node:crypto";
import type { RefreshPolicy } from "@evertoken/core";
import type { Registration } from "./http-request.ts";
import type { Provider } from "./provider.ts";
import type { ProviderSettings } from "./settings.ts";

/** Where a definition comes from: the box, the settings (a file or variables), or the database (the API). */
export type Origin = "catalogue" | "settings" | "stored";

/** A provider with the operator's settings applied. */
export interface ConfiguredProvider {
  readonly provider: Provider;
  readonly origin: Origin;
  readonly registration: Registration | null;
  readonly policy: RefreshPolicy;
  /** Refreshes at a time in one worker; null: the operator's default. */
  readonly concurrency: number | null;
  /** Changes when the registration does, so that a circuit opened by a wrong secret closes with the right one. Not reversible. */
  readonly secretFingerprint: string | null;
  /** Whether it can be used: it has a registration and endpoints, or needs none. */
  readonly configured: boolean;
}

export interface Providers {
  get(id: string): ConfiguredProvider | undefined;
  all(): readonly ConfiguredProvider[];
  /** Those of the settings whose issuer gave no endpoints, and why. */
  waiting(): ReadonlyMap<string, string>;
}

export function createProviders(
  settings: ProviderSettings,
  waiting: ReadonlyMap<string, string> = new Map(),
): Providers {
  const configured = new Map(settings.providers.map((entry) => [entry.provider.id, configureProvider(entry)]));
  const all = Object.freeze([...configured.values()]);
  return { get: (id) => configured.get(id), all: () => all, waiting: () => waiting };
}

/** A short hash of a registration and where it is presented: what a deployment may get wrong. Also for those stored in the database. */
export function fingerprintOf(
  { clientId, clientSecret }: Registration,
  { refresh, tokenUrl, clientAuth }: Pick<Provider, "refresh" | "tokenUrl" | "clientAuth">,
): string {
  // A secret that was refused because it was encoded is another one without.
  const written = (refresh.clientAuth ?? clientAuth) === "basic_plain" ? ["basic_plain"] : [];
  return createHash("sha256")
    .update(JSON.stringify([clientId, clientSecret, refresh.url ?? tokenUrl, ...written]))
    .digest("hex")
    .slice(0, 12);
}

/** A short hash of a client id alone, to tell whom a token set was granted to. */
export function clientOf({ clientId }: Registration): string {
  return createHash("sha256").update(clientId).digest("hex").slice(0, 12);
}

export function configureProvider(
  entry: Pick<ConfiguredProvider, "provider" | "origin" | "registration" | "concurrency">,
): ConfiguredProvider {
  const { provider, origin, registration, concurrency } = entry;
  return Object.freeze({
    ...{ provider, origin, registration, concurrency },
    policy: provider.policy,
    secretFingerprint: registration === null ? null : fingerprintOf(registration, provider),
    configured:
      provider.authType !== "oauth2" || (registration !== null && (provider.tokenUrl ?? provider.code.url) != null),
  });
}
