import type { Engine } from "../engine.ts";

/** They ask for a protocol or for a refresh token, and many servers do not name them among what was granted. */
const protocolScopes = new Set(["openid", "offline_access"]);

/** Which of the scopes that are needed were not granted. */
export function missingScopes(required: readonly string[], granted: readonly string[]): string[] {
  const given = new Set(granted);
  return required.filter((scope) => !given.has(scope) && !protocolScopes.has(scope));
}

/** The same for a stored connection and the scopes that the provider's file asks for. */
export function missingScopesOf(
  { providers }: Engine,
  connection: { readonly provider: string; readonly authType: string; readonly scopes: readonly string[] },
): string[] {
  const provider = providers.get(connection.provider)?.provider;
  // Imported connections may not say what was granted.
  if (provider === undefined || connection.authType !== "oauth2" || connection.scopes.length === 0) return [];
  return missingScopes(
    provider.scopes.map(({ scope }) => scope),
    connection.scopes,
  );
}
