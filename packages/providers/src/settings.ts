import { pastedWarnings, readPasted } from "@evertoken/core";
import { readCustomProviders } from "./custom-providers.ts";
import { type Env, prefixOf, type ReadFile } from "./env.ts";
import type { Registration } from "./http-request.ts";
import type { Provider } from "./provider.ts";

export interface ProviderSettings {
  /** Every known provider, with the operator's endpoints and margins, and its registration where one is set. */
  readonly providers: readonly {
    readonly provider: Provider;
    readonly origin: "catalogue" | "settings";
    readonly registration: Registration | null;
    /** Refreshes at a time in one worker; null: the operator's default. */
    readonly concurrency: number | null;
  }[];
  readonly allowPrivateAddresses: boolean;
}

/**
 * Everything about providers that the environment says. Pure but for `readFile`. All faults are reported together, each with the
 * variable's name and never with its value.
 */
export function readProviderSettings(
  env: Env,
  readFile: ReadFile,
  catalogue: readonly Provider[],
): { readonly settings: ProviderSettings; readonly faults: string[]; readonly warnings: string[] } {
  const faults: string[] = [];
  const warnings: string[] = [];
  const allowPrivateAddresses = readFlag(env, "EVERTOKEN_ALLOW_PRIVATE_ADDRESSES", faults);
  const custom = readCustomProviders(env, readFile, faults);
  const ids = new Set(custom.map(({ id }) => id));
  const known = [...catalogue.filter(({ id }) => !ids.has(id)), ...custom];
  const providers = known.map((provider) => {
    const overridden = override(provider, env, faults);
    checkEndpoints(overridden, allowPrivateAddresses, faults);
    const registration = readRegistration(provider, env, readFile, { faults, warnings });
    const origin = ids.has(provider.id) ? ("settings" as const) : ("catalogue" as const);
    return { provider: overridden, origin, registration, concurrency: readConcurrency(provider, env, faults) };
  });
  // Products that share a registration report it once.
  return {
    settings: { providers, allowPrivateAddresses },
    faults: [...new Set(faults)],
    warnings: [...new Set(warnings)],
  };
}

/** What is to be said about settings: reasons not to start, and what was taken in another form than it was given. */
interface Remarks {
  readonly faults: string[];
  readonly warnings: string[];
}

function readRegistration(provider: Provider, env: Env, readFile: ReadFile, remarks: Remarks): Registration | null {
  if (provider.authType !== "oauth2") return null;
  const prefixes = [
    prefixOf(provider.id),
    ...(provider.settingsFallback === undefined ? [] : [provider.settingsFallback]),
  ];
  // All of them are looked up, whatever is set: what is never asked for is not known.
  const looked = prefixes.map((prefix) => ({
    prefix,
    given: secretNames(prefix).filter((name) => textOf(env, name) !== null),
    isPublic: textOf(env, `${prefix}_PUBLIC_CLIENT`) === "true",
  }));
  const found = looked.find(({ given }) => given.length > 0);
  return found === undefined ? null : readPair(found, env, readFile, remarks);
}

function secretNames(prefix: string): [id: string, secret: string, file: string] {
  return [`${prefix}_CLIENT_ID`, `${prefix}_CLIENT_SECRET`, `${prefix}_CLIENT_SECRET_FILE`];
}

function readPair(
  { prefix, isPublic }: { prefix: string; isPublic: boolean },
  env: Env,
  readFile: ReadFile,
  remarks: Remarks,
): Registration | null {
  const { faults } = remarks;
  const [idName, secretName, fileName] = secretNames(prefix);
  const clientId = textOf(env, idName) === null ? null : pasted(idName, env[idName] ?? "", remarks);
  if (textOf(env, idName) !== null && clientId === null) return null;
  if (clientId === null) {
    faults.push(`${idName}: missing, but ${secretName} is set`);
    return null;
  }
  if (textOf(env, secretName) === null && textOf(env, fileName) === null) {
    if (isPublic) return { clientId, clientSecret: null };
    faults.push(`${secretName}: missing, but ${idName} is set (public clients: ${prefix}_PUBLIC_CLIENT=true)`);
    return null;
  }
  const clientSecret = readSecret(env, secretName, fileName, readFile, remarks);
  return clientSecret === null ? null : { clientId, clientSecret };
}

function readSecret(env: Env, name: string, fileName: string, readFile: ReadFile, remarks: Remarks): string | null {
  const { faults } = remarks;
  const path = textOf(env, fileName);
  if (path === null) return pasted(name, env[name] ?? "", remarks);
  if (textOf(env, name) !== null) faults.push(`${fileName}: set together with ${name}; keep one`);
  let content: string;
  try {
    content = readFile(path);
  } catch {
    faults.push(`${fileName}: the file cannot be read`);
    return null;
  }
  if (content.trim() !== "") return pasted(fileName, content.replace(/\r?\n$/, ""), remarks);
  faults.push(`${fileName}: the file is empty`);
  return null;
}

function pasted(name: string, text: string, { faults, warnings }: Remarks): string | null {
  const read = readPasted(text);
  if ("fault" in read) {
    faults.push(`${name}: ${read.fault}`);
    return null;
  }
  warnings.push(...pastedWarnings(name, read));
  return read.value;
}

/** Endpoints for a sandbox, a proxy or a test server, how Basic is written, and the margin. */
function override(provider: Provider, env: Env, faults: string[]): Provider {
  const url = (suffix: string) => readUrl(provider, suffix, env, faults);
  const tokenUrl = url("TOKEN_URL");
  const refreshUrl = url("REFRESH_URL") ?? tokenUrl;
  const revokeUrl = url("REVOKE_URL");
  const identityUrl = url("IDENTITY_URL");
  const derivedUrl = url("DERIVED_URL");
  const marginSeconds = readMargin(provider, env, faults);
  const rateLimit = readRateLimit(provider, env, faults);
  return {
    ...provider,
    authorizeUrl: url("AUTHORIZE_URL") ?? provider.authorizeUrl,
    // Another server has another name.
    iss: url("AUTHORIZE_URL") === null ? provider.iss : null,
    tokenUrl: tokenUrl ?? provider.tokenUrl,
    clientAuth: readClientAuth(provider, env, faults),
    code: tokenUrl === null ? provider.code : { ...provider.code, url: tokenUrl },
    refresh: refreshUrl === null ? provider.refresh : { ...provider.refresh, url: refreshUrl },
    longLived:
      tokenUrl === null || provider.longLived === undefined
        ? provider.longLived
        : { ...provider.longLived, url: tokenUrl },
    revoke: revokeUrl === null || provider.revoke === null ? provider.revoke : { ...provider.revoke, url: revokeUrl },
    identity:
      identityUrl === null || provider.identity === null
        ? provider.identity
        : { ...provider.identity, url: identityUrl },
    derived:
      derivedUrl === null || provider.derived === null ? provider.derived : { ...provider.derived, url: derivedUrl },
    rateLimit: rateLimit ?? provider.rateLimit,
    policy: marginSeconds === null ? provider.policy : { ...provider.policy, marginSeconds },
  };
}

function readUrl(provider: Provider, suffix: string, env: Env, faults: string[]): string | null {
  const name = `${prefixOf(provider.id)}_${suffix}`;
  const fallback =
    provider.settingsFallback === undefined ? null : textOf(env, `${provider.settingsFallback}_${suffix}`);
  const value = textOf(env, name) ?? fallback;
  if (value === null) return null;
  if (URL.canParse(value) && /^https?:/.test(value)) return value;
  faults.push(`${name}: not a URL`);
  return null;
}

/** Whether Basic is form-encoded, for a secret that a provider in the box takes only as it is. One of the operator's own has said it all. */
function readClientAuth(provider: Provider, env: Env, faults: string[]): Provider["clientAuth"] {
  const name = `${prefixOf(provider.id)}_CLIENT_AUTH`;
  const value = textOf(env, name);
  if (value === null || value === provider.clientAuth) return provider.clientAuth;
  const usesBasic = provider.clientAuth.startsWith("basic");
  if (usesBasic && (value === "basic" || value === "basic_plain")) return value;
  faults.push(`${name}: ${usesBasic ? "must be basic or basic_plain" : `${provider.id} does not use Basic`}`);
  return provider.clientAuth;
}

function readMargin(provider: Provider, env: Env, faults: string[]): number | null {
  const name = `${prefixOf(provider.id)}_MARGIN_SECONDS`;
  const value = textOf(env, name);
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  faults.push(`${name}: not a whole number of seconds`);
  return null;
}

/** `100/60`: at most a hundred requests in a minute, all workers together. */
function readRateLimit(provider: Provider, env: Env, faults: string[]): Provider["rateLimit"] {
  const name = `${prefixOf(provider.id)}_RATE_LIMIT`;
  const value = textOf(env, name);
  if (value === null) return null;
  const [, max, perSeconds] = /^([1-9]\d{0,6})\/([1-9]\d{0,5})$/.exec(value) ?? [];
  if (max !== undefined && perSeconds !== undefined) return { max: Number(max), perSeconds: Number(perSeconds) };
  faults.push(`${name}: not <requests>/<seconds>, such as 100/60`);
  return null;
}

function readConcurrency(provider: Provider, env: Env, faults: string[]): number | null {
  const name = `${prefixOf(provider.id)}_CONCURRENCY`;
  const value = textOf(env, name);
  if (value === null) return null;
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  faults.push(`${name}: not a whole number from 1 to 9999`);
  return null;
}

/** Secrets travel over https, except to a test server on a private network. */
function checkEndpoints(provider: Provider, allowPrivateAddresses: boolean, faults: string[]): void {
  if (allowPrivateAddresses) return;
  const prefix = prefixOf(provider.id);
  const urls = {
    ISSUER: provider.issuer,
    AUTHORIZE_URL: provider.authorizeUrl,
    TOKEN_URL: provider.tokenUrl,
    REFRESH_URL: provider.refresh.url,
    REVOKE_URL: provider.revoke?.url,
    IDENTITY_URL: provider.identity?.url,
    DERIVED_URL: provider.derived?.url,
  };
  for (const [suffix, url] of Object.entries(urls)) {
    if (url?.startsWith("http://") !== true) continue;
    faults.push(`${prefix}_${suffix}: must be https:// (or set EVERTOKEN_ALLOW_PRIVATE_ADDRESSES=true)`);
  }
}

function readFlag(env: Env, name: string, faults: string[]): boolean {
  const value = textOf(env, name);
  if (value !== null && value !== "true" && value !== "false") faults.push(`${name}: must be true or false`);
  return value === "true";
}

function textOf(env: Env, name: string): string | null {
  const value = env[name]?.trim();
  return value === undefined || value === "" ? null : value;
}
