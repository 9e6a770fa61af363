import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { readConfig, recordNames } from "@evertoken/adapters";
import { alertChannels } from "@evertoken/core";
import { catalogue, prefixOf, readProviderSettings } from "@evertoken/providers";
import { expect, test } from "vitest";

type Env = Readonly<Record<string, string | undefined>>;

const example = readExample();
const key = randomBytes(32).toString("hex");
const needed = { DATABASE_URL: "postgresql://db/evertoken", REDIS_URL: "redis://redis", ENCRYPTION_KEY: key };
const noFile = (path: string): string => {
  throw new Error(`no file ${path}`);
};

/** `#NAME=default` and `NAME=` lines, with a placeholder such as <PROVIDER> as it stands. */
function readExample(): Map<string, string> {
  const text = readFileSync(new URL("../../.env.example", import.meta.url), "utf8");
  const settings = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/^#?([A-Z<][A-Z_<>]*)=(.*)$/gm)) {
    if (settings.has(name as string)) throw new Error(`.env.example names ${name} twice`);
    settings.set(name as string, value as string);
  }
  return settings;
}

const generic: Env = { EVERTOKEN_GENERIC_PROVIDERS: "acme", ACME_TOKEN_URL: "https://acme.example/token" };
const identity: Env = { ACME_IDENTITY_URL: "https://acme.example/me" };

/** Runs a reader and tells which settings it asked for. */
function asked(env: Env, read: (env: Env) => unknown): string[] {
  const recorded = recordNames(env);
  read(recorded.env);
  return [...recorded.names];
}

/** `<NAME>_FILE` is the other form of a secret, told once at the head of the file. */
const withoutFiles = (names: readonly string[]) =>
  names.filter((name) => !(name.endsWith("_FILE") && names.includes(name.slice(0, -"_FILE".length))));

const shared = withoutFiles(asked(needed, (env) => readConfig(env, noFile)));
const isPlaceholder = (name: string) => name.startsWith("<");

/** Not exported by the demo, which is a process: found by place, as `npm start` finds it. */
const demoModule = import.meta.resolve("../../apps/demo/src/read-demo-config.ts");
const { readDemoConfig } = (await import(demoModule)) as { readDemoConfig: (env: Env) => { options: object } };
const demo = asked({}, readDemoConfig);

test("the settings of all processes are in .env.example", () => {
  expect(shared.length).toBeGreaterThan(40);
  expect(shared.filter((name) => !example.has(name))).toEqual([]);
});

test.each(shared)("%s has the default that .env.example states", (name) => {
  const stated = example.get(name) as string;
  const own = stated === "" ? {} : { [name]: stated };
  // Whether a setting was given is what differs, and is no value.
  const read = (env: Record<string, string>) =>
    JSON.stringify(readConfig(env, noFile), (key, value) => (key === "given" ? undefined : value));
  expect(read({ ...needed, ...own })).toBe(read(needed));
});

test("a setting without a stated default has none in the code either", () => {
  const known = [...Object.keys(needed), "WORKER_PROCESSES"]; // the latter has as many as there are cores
  const empty = shared.filter((name) => example.get(name) === "" && !known.includes(name));
  const targets = Object.values(alertChannels).map(({ setting }) => setting.name);
  expect(empty.filter((name) => !targets.some((target) => target === name)).sort()).toEqual([
    "APP_COLOR",
    "APP_LOGO_URL",
    "APP_NAME",
    "APP_PRIVACY_URL",
    "APP_SUPPORT_EMAIL",
    "DASHBOARD_OIDC_CLIENT_ID",
    "DASHBOARD_OIDC_CLIENT_SECRET",
    "DASHBOARD_OIDC_ISSUER",
    "DASHBOARD_PASSWORD",
    "DASHBOARD_PUBLIC_URL",
    "DASHBOARD_VIEWER_PASSWORD",
    "EMBED_ORIGINS",
    "EVERTOKEN_API_KEY",
    "PUBLIC_URL",
    "RECONNECT_URL",
    "REDIS_TLS_CA",
    "REDIS_TLS_CERT",
    "REDIS_TLS_KEY",
    "RETURN_URL_ALLOWLIST",
    "SMTP_FROM",
    "SMTP_URL",
  ]);
});

test("the demo's settings are there with their defaults", () => {
  expect(demo.filter((name) => !example.has(name))).toEqual([]);
  const stated = Object.fromEntries(demo.map((name) => [name, example.get(name)]));
  expect(readDemoConfig(stated)).toEqual(readDemoConfig({}));
});

test("what a provider of the box can be told is there", () => {
  const env = Object.fromEntries(catalogue.map(({ id }) => [`${prefixOf(id)}_CLIENT_ID`, "id"]));
  const names = withoutFiles(asked(env, (given) => readProviderSettings(given, noFile, catalogue)));
  expect(names.filter((name) => !example.has(patternOf(name)))).toEqual([]);
  expect(names).toContain("GOOGLE_CALENDAR_MARGIN_SECONDS");
});

test("what a generic provider can be told is there, with its defaults", () => {
  const read = (env: Env) => readProviderSettings({ ...generic, ...env }, noFile, []);
  const names = withoutFiles(asked({ ...generic, ACME_REVOKE_URL: "https://acme.example/revoke", ...identity }, read));
  const unknown = names.map((name) => name.replace(/^ACME_/, "")).filter((name) => !genericNames().includes(name));
  expect(unknown).toEqual([]);
  const stated = [...example].filter(([name, value]) => name.startsWith("<GENERIC>_") && value !== "");
  expect(stated.length).toBeGreaterThan(3);
  const env = Object.fromEntries(stated.map(([name, value]) => [name.replace("<GENERIC>", "ACME"), value]));
  expect(JSON.stringify(read({ ...env, ...identity }))).toBe(JSON.stringify(read(identity)));
});

test("nothing is in .env.example that nobody reads", () => {
  const known = new Set([...shared, ...demo, "EVERTOKEN_PROVIDERS_FILE", "EVERTOKEN_GENERIC_PROVIDERS"]);
  expect([...example.keys()].filter((name) => !isPlaceholder(name) && !known.has(name))).toEqual([]);
  const acme = { ...generic, ACME_CLIENT_ID: "id", ACME_ROTATION: "grace", ACME_GRACE_SECONDS: "60", ...identity };
  const read = asked(acme, (env) => readProviderSettings(env, noFile, []));
  const placeholders = [...example.keys()].filter(isPlaceholder);
  const unread = placeholders.filter((name) => !read.includes(name.replace(/^<[A-Z]+>/, "ACME")));
  expect(unread).toEqual([]);
});

/** Settings of a generic provider may stand under either placeholder. */
function genericNames(): string[] {
  return [...example.keys()].map((name) => name.replace(/^<(PROVIDER|GENERIC)>_/, ""));
}

/** HUBSPOT_TOKEN_URL is told as <PROVIDER>_TOKEN_URL. */
function patternOf(name: string): string {
  const prefixes = [...catalogue.map(({ id }) => prefixOf(id)), "GOOGLE", "GITHUB"];
  const prefix = prefixes.sort((a, b) => b.length - a.length).find((one) => name.startsWith(`${one}_`));
  return prefix === undefined ? name : `<PROVIDER>${name.slice(prefix.length)}`;
}
