import { readFileSync } from "node:fs";
import { ConfigError, type Env, readEngineConfig, recordNames } from "@evertoken/adapters";
import { catalogue, createProviders, readProviderSettings } from "@evertoken/providers";
import { embeddedLogger, type GivenLogger } from "./embedded-logger.ts";
import { prefix, unknownSettings } from "./unknown-settings.ts";

/** How an app says where its Evertoken is, and what it may do. */
export interface EmbeddedOptions {
  /**
   * Where settings come from, such as `process.env`: `EVERTOKEN_DATABASE_URL`, `EVERTOKEN_REDIS_URL`, `EVERTOKEN_ENCRYPTION_KEY`,
   * `EVERTOKEN_HUBSPOT_CLIENT_ID` and so on. Nothing without this prefix is read: it is the app's own. One with it that is not known
   * is named to the logger, with the name that was probably meant.
   */
  readonly env?: Env;
  /** Settings by the names that Evertoken's own processes use, such as `DATABASE_URL`. They come before those of `env`. */
  readonly settings?: Env;
  /** For `..._FILE` settings; without it they are read from disk. @throws when there is no such file */
  readonly readFile?: (path: string) => string;
  /** Without it nothing is logged. Errors are handed on as name, code and message; no token and no user id in plain is. */
  readonly logger?: GivenLogger;
}

const known: ReadonlySet<string> = new Set([
  "env",
  "settings",
  "readFile",
  "logger",
] satisfies (keyof EmbeddedOptions)[]);

/**
 * The settings of an engine inside an app: those of the engine and of its providers. What only processes need, such as ports and log
 * levels, is not looked at.
 *
 * @throws {ConfigError} that names every wrong setting as the app has set it
 */
export function readEmbedded(options: EmbeddedOptions) {
  refuseUnfit(options);
  const { env = {}, settings = {}, readFile = (path: string) => readFileSync(path, "utf8") } = options;
  const seen = { ...withoutPrefix(env), ...settings };
  const asked = recordNames(seen);
  const { config, faults } = readEngineConfig(asked.env, readFile);
  const ofProviders = readProviderSettings(asked.env, readFile, catalogue);
  const unknown = unknownSettings(env, asked.names);
  const asSet = (text: string) => renamed(text, (name) => (isSet(settings, name) ? name : `${prefix}${name}`));
  const all = [...faults, ...ofProviders.faults, ...proxyFaults(seen)].map(
    (fault) => `${asSet(fault)}${hint(fault, env)}`,
  );
  // A name that is misspelt explains the one that is missing.
  if (all.length > 0) throw new ConfigError([...all, ...unknown]);
  const warnings = [...[...config.warnings, ...ofProviders.warnings].map(asSet), ...unknown];
  return {
    config: { ...config, warnings },
    providers: createProviders(ofProviders.settings),
    logger: embeddedLogger(options.logger),
    // The app's own HTTPS_PROXY is for its own requests.
    proxyEnv: seen,
  };
}

function proxyFaults(env: Env): string[] {
  return ["HTTPS_PROXY", "HTTP_PROXY"].flatMap((name) => {
    const good = !isSet(env, name) || ["http:", "https:"].includes(URL.parse(env[name] ?? "")?.protocol ?? "");
    return good ? [] : [`${name} is not a URL that begins with http://`];
  });
}

/** An environment, handed over as if it were the options, would be read as "nothing is set". */
function refuseUnfit(options: EmbeddedOptions): void {
  if (!isObject(options)) throw new ConfigError([`options: are missing. ${whatToGive}`]);
  const unknown = Object.keys(options).filter((name) => !known.has(name));
  const what = unknown.length > 3 ? `${unknown.slice(0, 3).join(", ")} and others` : unknown.join(", ");
  if (what !== "") throw new ConfigError([`${what}: no such option. ${whatToGive}`]);
  const { env = {}, settings = {} } = options;
  const unfit = Object.entries({ env, settings }).flatMap(([name, given]) => (isObject(given) ? [] : [name]));
  if (unfit.length > 0) throw new ConfigError([`${unfit.join(", ")}: no object. ${whatToGive}`]);
}

const isObject = (given: unknown) => typeof given === "object" && given !== null;

const whatToGive = `Give { env: process.env } for settings named ${prefix}..., or { settings: process.env } for those without`;

/** These have the prefix in every process, and so keep it. */
const prefixed: ReadonlySet<string> = new Set([
  "EVERTOKEN_ALLOW_PRIVATE_ADDRESSES",
  "EVERTOKEN_PROVIDERS_FILE",
  "EVERTOKEN_GENERIC_PROVIDERS",
]);

function withoutPrefix(env: Env): Env {
  const ours = Object.entries(env).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(
    ours.map(([name, value]) => [prefixed.has(name) ? name : name.slice(prefix.length), value]),
  );
}

/** Texts about settings name them in capitals; what stands in quotes is a value. */
function renamed(text: string, nameOf: (name: string) => string): string {
  return text.replace(/"[^"]*"|\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g, (found) =>
    found.startsWith('"') || found.startsWith(prefix) ? found : nameOf(found),
  );
}

/** For who had it under the name of before: it may as well be the app's own database. */
function hint(fault: string, env: Env): string {
  const name = /^([A-Z0-9_]+) is missing/.exec(fault)?.[1];
  if (name === undefined || !isSet(env, name)) return "";
  return `. The app's own ${name} is left alone; if it is Evertoken's, give settings: { ${name}: process.env.${name} }`;
}

function isSet(env: Env, name: string): boolean {
  return (env[name] ?? "").trim() !== "";
}
