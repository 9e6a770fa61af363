import type { Provider } from "./provider.ts";

/** They ask for a protocol or for a refresh token, and many servers do not name them among what was granted. */
const protocolScopes = new Set(["openid", "offline_access"]);

/** Which of the scopes that are needed were not granted, whichever of its names each bears. */
export function missingScopes(
  { scopeForms }: Pick<Provider, "scopeForms">,
  required: readonly string[],
  granted: readonly string[],
): string[] {
  const form = (scope: string) =>
    scopeForms.reduce((name, { pattern, as }) => name.replace(new RegExp(`^(?:${pattern})$`), as), scope);
  const given = new Set(granted.map(form));
  return required.filter((scope) => !given.has(form(scope)) && !protocolScopes.has(scope));
}
