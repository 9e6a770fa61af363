import { type Env, prefixOf, type ReadFile } from "./env.ts";
import { plainDefinition } from "./plain-provider.ts";
import { defineProvider, findFaults, type Provider, type ProviderInput } from "./provider.ts";

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
  // What is no plain number stays as it is, for the schema to refuse by name.
  const seconds = (suffix: string): unknown => {
    const written = value(suffix);
    return written !== undefined && /^\d{1,10}$/.test(written) ? Number(written) : written;
  };
  return plainDefinition(id, {
    name: value("NAME"),
    docsUrl: value("DOCS_URL"),
    issuer: value("ISSUER"),
    authorizeUrl: value("AUTHORIZE_URL"),
    tokenUrl: value("TOKEN_URL"),
    revokeUrl: value("REVOKE_URL"),
    identityUrl: value("IDENTITY_URL"),
    identityId: value("IDENTITY_ID"),
    clientAuth: value("CLIENT_AUTH"),
    scopes: (value("SCOPES") ?? "").split(/[\s,]+/).filter((scope) => scope !== ""),
    authorizeParameters: Object.fromEntries(new URLSearchParams(value("AUTHORIZE_PARAMETERS") ?? "")),
    lifetimeSeconds: seconds("LIFETIME_SECONDS"),
    expiresIn: value("EXPIRES_IN"),
    rotation: value("ROTATION"),
    graceSeconds: seconds("GRACE_SECONDS"),
  });
}
