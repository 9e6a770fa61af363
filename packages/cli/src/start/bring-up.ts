import { join } from "node:path";
import type { Config, Env } from "@evertoken/adapters";
import { readSettings } from "@evertoken/engine/internal";
import { adoptAfterUpgrade } from "@evertoken/operations";
import { isGiven, localEnvFile, merge } from "../environment.ts";
import type { Io } from "../io.ts";
import { runMigrations } from "../migrations.ts";
import { readFile } from "../open.ts";
import { chooseAddresses } from "./addresses.ts";
import { apiSettings } from "./api-settings.ts";
import { AppProcess, type AppSpec } from "./app-process.ts";
import { startDatabases } from "./databases.ts";
import { connectDemoAccounts } from "./demo-accounts.ts";
import { demoSettings } from "./demo-settings.ts";
import { readLocalSecrets, writeLocalEnv } from "./local-env.ts";
import type { Narrator } from "./narrator.ts";
import { prepareDemo } from "./places.ts";
import type { Stoppables } from "./stoppables.ts";
import { summarize } from "./summary.ts";

export interface StartOptions {
  readonly demo: boolean;
  readonly accounts: number;
}

export interface BringUp {
  readonly io: Io;
  readonly options: StartOptions;
  readonly narrator: Narrator;
  readonly stoppables: Stoppables;
  readonly signal: AbortSignal;
}

/** secrets → settings → ports → databases → migrate → demo → apps → accounts */
export async function bringUp({ io, options, narrator, stoppables, signal }: BringUp): Promise<void> {
  const { cwd, givenEnv: given } = io;
  const secrets = await readLocalSecrets(cwd, given);
  const asked = requireSettings(merge(secrets, given));
  const { ports, urls, demoPort } = await chooseAddresses(given, asked, options.demo, narrator.say);
  const api = apiSettings(given, asked.connect.publicUrl, urls.api);
  const own = merge({ ...secrets, ...api.settings }, { ...given, ...ports });
  const demo = options.demo ? demoSettings(own, demoPort, join(cwd, ".evertoken", "demo.sqlite"), api.callbacks) : null;

  narrator.say("Starting the databases ...");
  const databases = await startDatabases(
    { cwd, env: given, redisPassword: secrets.REDIS_PASSWORD },
    narrator,
    stoppables,
  );
  signal.throwIfAborted();
  const places = { ...databases.addresses, ...api.settings, ...demo?.provider };
  const env = merge(own, { ...databases.addresses, ...demo?.provider });
  await writeLocalEnv(cwd, secrets, places);
  const { config } = readSettings(env, readFile);
  const { applied } = await runMigrations(config.databaseUrl);
  if (applied.length > 0) narrator.say(`Applied the database migrations: ${applied.join(", ")}`);
  await adoptAfterUpgrade(applied, config, narrator.say);
  signal.throwIfAborted();

  const app = (name: AppSpec["name"], readyUrl: string, settings: Env = env) =>
    new AppProcess({
      ...{ name, cwd, narrator, readyUrl, env: settings, stopMs: config.shutdownMs + 5000 },
      logDirectory: join(cwd, ".evertoken", "logs"),
    });
  const demoApp = demo === null ? [] : [app("demo", `${demo.issuer}/demo/record`, merge(env, demo.server))];
  if (demo !== null) await prepareDemo();
  await startTogether(demoApp, stoppables, signal);
  narrator.say("Starting the worker, the scheduler, the dashboard and the API ...");
  const apps = (["worker", "scheduler", "dashboard", "api"] as const).map((name) => app(name, `${urls[name]}/readyz`));
  await startTogether(apps, stoppables, signal);
  const accounts = demo === null ? null : await connectDemoAccounts(env, demo, options.accounts, signal);
  const login = { user: config.dashboard.user, password: secrets.DASHBOARD_PASSWORD ?? null };
  summarize(narrator, {
    ...{ databases, urls, accounts },
    demoIssuer: demo?.issuer ?? null,
    login: isGiven(given, "DASHBOARD_PASSWORD") ? { ...login, password: null } : login,
    apiKeyIn: isGiven(given, "EVERTOKEN_API_KEY") ? null : localEnvFile,
    inYourDatabase: isGiven(given, "DATABASE_URL"),
  });
}

/** They are stoppable before they are ready: an interrupt may come meanwhile. */
async function startTogether(apps: readonly AppProcess[], stoppables: Stoppables, signal: AbortSignal): Promise<void> {
  stoppables.add(...apps);
  await Promise.all(apps.map((app) => app.start(signal)));
}

/** Before anything is started: every fault of the settings, but for the addresses that are still to come. */
function requireSettings(own: Env): Config {
  const coming = { DATABASE_URL: "postgresql://127.0.0.1/evertoken", REDIS_URL: "redis://127.0.0.1" };
  return readSettings(merge(coming, own), readFile).config;
}
