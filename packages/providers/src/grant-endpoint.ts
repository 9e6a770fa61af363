import { EndpointFault, fillTemplate } from "./fill-template.ts";
import type { Provider } from "./provider.ts";

/** Where a refresh token is worth something, for this connection; null: that cannot be said yet. */
export function grantEndpoint(provider: Provider, metadata: Readonly<Record<string, string>>): string | null {
  const template = provider.refresh.url ?? provider.tokenUrl;
  if (template === null) return null;
  try {
    return URL.parse(fillTemplate(provider, template, metadata))?.href ?? null;
  } catch (error) {
    if (error instanceof EndpointFault) return null;
    throw error;
  }
}
