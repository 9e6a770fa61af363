import { missingScopes } from "@evertoken/providers";
import type { Engine } from "../engine.ts";

/** Of the scopes that the provider's file asks for, those that a stored connection was not granted. */
export function missingScopesOf(
  { providers }: Engine,
  connection: { readonly provider: string; readonly authType: string; readonly scopes: readonly string[] },
): string[] {
  const provider = providers.get(connection.provider)?.provider;
  // Imported connections may not say what was granted.
  if (provider === undefined || connection.authType !== "oauth2" || connection.scopes.length === 0) return [];
  return missingScopes(
    provider,
    provider.scopes.map(({ scope }) => scope),
    connection.scopes,
  );
}
