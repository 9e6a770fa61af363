import { defineProvider, findFaults, type Provider, type ProviderInput } from "./provider.ts";
import { type Env, prefixOf, type ReadFile } from "./settings.ts";

/**
 * Providers that are not in the box, defined without code: whole ones in the JSON file that EVERTOKEN_PROVIDERS_FILE names (a list of
 * what a catalogue file states), plain OAuth 2.0 ones by variables alone, listed in EVERTOKEN_GENERIC_PROVIDERS (`acme,intranet`).
 */
export function readCustomProviders(env: Env, readFile: ReadFile, faults: string[]): Provider[] {
  const definitions = [...fromFile(env, readFile, faults), ...fromVariables(env)];
  return definitions.flatMap(({ source, definition }) => {
    const found = findFaults(definition);
    faults.push(...found.map((fault) => `${source}: ${fault}`));
    return found.length > 0 ? [] : [defineProvider(definition as ProviderInput)];
  });
}

interface Definition {
  readonly source: string;
  readonly definition: unknown;
}

function fromFile(env: Env, readFile: ReadFile, faults: string[]): Definition[] {
  const source = "EVERTOKEN_PROVIDERS_FILE";
  const path = env[source]?.trim() ?? "";
  if (path === "") return [];
  try {
    const read: unknown = JSON.parse(readFile(path));
    return (Array.isArray(read) ? read : [read]).map((definition: unknown) => ({ source, definition }));
  } catch {
    faults.push(`${source}: the file cannot be read as JSON`);
    return [];
  }
}

function fromVariables(env: Env): Definition[] {
  const ids = (env.EVERTOKEN_GENERIC_PROVIDERS ?? "").split(/[\s,]+/).filter((id) => id !== "");
  return ids.map((id) => ({ source: `EVERTOKEN_GENERIC_PROVIDERS`, definition: genericDefinition(id, env) }));
}

function genericDefinition(id: string, env: Env): unknown {
  const value = (suffix: string): string | undefined => env[`${prefixOf(id)}_${suffix}`]?.trim() || undefined;
  const seconds = (suffix: string): number | undefined =>
    value(suffix) === undefined ? undefined : Number(value(suffix));
  const rotation = value("ROTATION") ?? "single_use";
  return {
    id,
    name: value("NAME") ?? id,
    docs: value("DOCS_URL") ?? "https://www.rfc-editor.org/rfc/rfc6749",
    issuer: value("ISSUER") ?? null,
    authorizeUrl: value("AUTHORIZE_URL") ?? null,
    tokenUrl: value("TOKEN_URL") ?? null,
    clientAuth: value("CLIENT_AUTH") ?? "basic",
    scopes: (value("SCOPES") ?? "")
      .split(/[\s,]+/)
      .filter((scope) => scope !== "")
      .map((scope) => ({ scope, why: "named by the operator" })),
    // What makes access outlive the user's absence, where a server asks for more than a scope: `prompt=consent&access_type=offline`.
    authorizeParameters: Object.fromEntries(new URLSearchParams(value("AUTHORIZE_PARAMETERS") ?? "")),
    pkce: "supported",
    policy: {
      lifetimeSeconds: seconds("LIFETIME_SECONDS") ?? 3600,
      // Until told otherwise: the careful assumption.
      rotation: rotation === "grace" ? { kind: rotation, graceSeconds: seconds("GRACE_SECONDS") } : { kind: rotation },
    },
    ...(value("REVOKE_URL") === undefined ? {} : { revoke: { url: value("REVOKE_URL") } }),
    ...(value("IDENTITY_URL") === undefined
      ? {}
      : { identity: { url: value("IDENTITY_URL"), id: value("IDENTITY_ID") ?? "sub", name: "name" } }),
  };
}
