import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ConfigError, createEvertoken, createSyncWorker } from "@evertoken/engine";
import { expect, test } from "vitest";
import { createRig, type Env, prefixed } from "../support/rig.ts";

const main = fileURLToPath(import.meta.resolve("../support/host-app-main.ts"));

/** What an app may have in its environment for itself. */
const hostile: Env = {
  LOG_LEVEL: "verbose",
  PORT: "x",
  API_PORT: "http",
  NODE_ENV: "staging",
  REDIS_PREFIX: "shop",
  DATABASE_URL: "mysql://127.0.0.1:1/shop",
  REDIS_URL: "memory",
  ENCRYPTION_KEY: "the app's own",
  LEASE_MS: "soon",
  HTTPS_PROXY: "http://127.0.0.1:bad",
  HUBSPOT_CLIENT_ID: "of the app's own integration",
  SMTP_URL: "mail",
};

/** The app in a process of its own. @returns what it printed, and its exit code */
function runHost(env: Env) {
  return new Promise<{ code: number; error: string; said: Record<string, unknown> }>((resolve) => {
    const child = execFile(process.execPath, [main], { env, timeout: 60_000 }, (_failure, out, error) => {
      resolve({ code: child.exitCode ?? -1, error, said: JSON.parse(out === "" ? "{}" : out) });
    });
  });
}

test("an app with settings of its own gets a token, keeps its process to itself, and ends by itself", async () => {
  const rig = await createRig();
  const { id, generation } = await rig.connect();
  const { code, error, said } = await runHost({ ...hostile, ...prefixed(rig.env), APP_CONNECTION: id });
  expect({ code, error }).toEqual({ code: 0, error: "" });
  expect(said).toMatchObject({ generation, printed: 0 });
  expect(said.during).toEqual(said.before);
  expect(said.after).toEqual(said.before);
});

test("an app that refreshes is as quiet, and ends by itself too", async () => {
  const rig = await createRig();
  const { id, generation } = await rig.connect({ expiresIn: 1 });
  const { code, error, said } = await runHost({ ...hostile, ...prefixed(rig.env), APP_CONNECTION: id });
  expect({ code, error }).toEqual({ code: 0, error: "" });
  expect(said).toMatchObject({ generation: generation + 1, printed: 0 });
  expect(said.after).toEqual(said.before);
});

test("what is missing is named as the app can set it, and its own settings are pointed out, not taken", async () => {
  const { said } = await runHost({ DATABASE_URL: "postgres://127.0.0.1/shop" });
  expect(said.faults).toEqual([
    expect.stringMatching(
      /^EVERTOKEN_DATABASE_URL is missing: .*The app's own DATABASE_URL is left alone.*settings: \{ DATABASE_URL: /,
    ),
    expect.stringMatching(/^EVERTOKEN_REDIS_URL is missing: [^.]*$/),
    expect.stringMatching(/^EVERTOKEN_ENCRYPTION_KEY is missing: [^.]*$/),
  ]);
});

test("faults name a setting as it was given: with the prefix from the environment, without as an option", () => {
  const settings = { DATABASE_URL: "mysql://x", REDIS_URL: "redis://x", LEASE_MS: "soon" };
  const env = {
    EVERTOKEN_REDIS_URL: "no url",
    EVERTOKEN_HUBSPOT_CLIENT_ID: "id",
    EVERTOKEN_HTTPS_PROXY: "http//proxy",
  };
  expect(faultsOf({ settings, env })).toEqual([
    expect.stringMatching(/^DATABASE_URL is not a URL/),
    expect.stringMatching(/^EVERTOKEN_ENCRYPTION_KEY is missing/),
    'LEASE_MS is "soon": it needs a whole number from 1 to 31622400000',
    "EVERTOKEN_HUBSPOT_CLIENT_SECRET: missing, but EVERTOKEN_HUBSPOT_CLIENT_ID is set (public clients: EVERTOKEN_HUBSPOT_PUBLIC_CLIENT=true)",
    "EVERTOKEN_HTTPS_PROXY is not a URL that begins with http://",
  ]);
});

test("a misspelt name beside what is missing is among the faults", () => {
  const env = { EVERTOKEN_HUBSPOT_CLIENT_ID: "id", EVERTOKEN_HUBSPOT_CLIENT_SECRT: "hush" };
  const faults = faultsOf({ env });
  expect(faults).toContain(
    "EVERTOKEN_HUBSPOT_CLIENT_SECRT is not known, and nothing reads it: did you mean EVERTOKEN_HUBSPOT_CLIENT_SECRET?",
  );
  expect(faults.join()).not.toContain("hush");
});

test("settings under our prefix that nothing reads are named to the logger, and no others", async () => {
  const rig = await createRig();
  const lines: string[] = [];
  const write = (_fields: object, message?: string) => void lines.push(message ?? "");
  const known = {
    ...{
      EVERTOKEN_NO_PROXY: "localhost",
      EVERTOKEN_WORKER_PORT: "3011",
      EVERTOKEN_KEY: "evk",
      EVERTOKEN_PUBLIC_URL: "",
    },
    ...{ EVERTOKEN_GOOGLE_CLIENT_ID: "id", EVERTOKEN_GOOGLE_PUBLIC_CLIENT: "true" },
    ...{ EVERTOKEN_GOOGLE_CALENDAR_CLIENT_ID: "id", EVERTOKEN_GOOGLE_CALENDAR_CLIENT_SECRET: "secret" },
  };
  const unknown = { EVERTOKEN_LEASE_TAKEOVR_MS: "5", EVERTOKEN_ACME_SECRET: "s", EVERTOKEN_LEASE_SM: " " };
  const client = createEvertoken({
    env: { ...hostile, ...prefixed(rig.env), ...known, ...unknown },
    logger: { debug: write, info: write, warn: write, error: write },
  });
  await client.close();
  expect(lines).toEqual([
    "settings: EVERTOKEN_LEASE_TAKEOVR_MS is not known, and nothing reads it: did you mean EVERTOKEN_LEASE_TAKEOVER_MS?",
    "settings: EVERTOKEN_ACME_SECRET is not known, and nothing reads it",
  ]);
});

test.each([
  ["an environment in the place of the options", { PATH: "/bin", HOME: "/root" }, /^PATH, HOME: no such option/],
  ["null", null, /^options: are missing/],
  ["nothing", undefined, /^options: are missing/],
  ["a text for an environment", { env: null, settings: "DATABASE_URL=" }, /^env, settings: no object/],
])("%s is refused with what to write instead", async (_, options, words) => {
  const [fault] = faultsOf(options as never);
  expect(fault).toMatch(words);
  expect(fault).toContain("{ env: process.env }");
  await expect(createSyncWorker(options as never)).rejects.toBeInstanceOf(ConfigError);
});

test("a worker for syncs wants a function for each provider", async () => {
  const { env: settings } = await createRig();
  for (const handlers of [undefined, null, {}, { acme: "sync" }]) {
    const refused = createSyncWorker({ settings, handlers } as never);
    await expect(refused).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("handlers: "),
    });
  }
});

test("a given logger gets errors as name, code and message, whatever hangs on them", async () => {
  const lines: object[] = [];
  const write = (fields: object, message?: string) => void lines.push({ ...fields, message });
  const rig = await createRig();
  const { id } = await rig.connect();
  const client = createEvertoken({
    settings: { ...rig.env, REDIS_URL: "redis://:hunter2@127.0.0.1:1" },
    logger: { debug: write, info: write, warn: write, error: write },
  });
  await client.scheduleNow(id).catch(() => undefined);
  await client.close();
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.some((line) => "err" in line && line.err instanceof Error)).toBe(false);
  expect(JSON.stringify(lines)).not.toContain("hunter2");
});

function faultsOf(options: Parameters<typeof createEvertoken>[0]): readonly string[] {
  try {
    createEvertoken(options);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error("it did not throw");
}
