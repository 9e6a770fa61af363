import { join } from "node:path";
import type { Env } from "@evertoken/adapters";
import { readSettings } from "@evertoken/client/engine";
import type { StartOptions } from "../commands/start.ts";
import { isGiven, merge } from "../environment.ts";
import type { Io } from "../io.ts";
import { runMigrations } from "../migrations.ts";
import { readFile } from "../open.ts";
import { AppProcess, type AppSpec } from "./app-process.ts";
import { startDatabases } from "./databases.ts";
import { connectDemoAccounts } from "./demo-accounts.ts";
import { demoSettings } from "./demo-settings.ts";
import { readLocalSecrets, writeLocalEnv } from "./local-env.ts";
import type { Narrator } from "./narrator.ts";
import { choosePort } from "./ports.ts";
import type { Stoppables } from "./stoppables.ts";
import { summarize } from "./summary.ts";

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
  requireSettings(merge(secrets, given));
  const ports = await choosePorts(given, options.demo, narrator.say);
  const own = merge(secrets, { ...given, ...ports });
  const demo = options.demo ? demoSettings(own, Number(ports.DEMO_PORT), join(cwd, ".evertoken", "demo.sqlite")) : null;

  narrator.say("Starting the databases ...");
  const databases = await startDatabases({ cwd, env: given }, narrator, stoppables);
  signal.throwIfAborted();
  const env = merge(own, { ...databases.addresses, ...demo?.provider });
  await writeLocalEnv(cwd, secrets, { ...databases.addresses, ...demo?.provider });
  const { config } = readSettings(env, readFile);
  const { applied } = await runMigrations(config.databaseUrl);
  if (applied.length > 0) narrator.say(`Applied the database migrations: ${applied.join(", ")}`);
  signal.throwIfAborted();

  const app = (name: AppSpec["name"], readyUrl: string, settings: Env = env) =>
    new AppProcess({
      ...{ name, cwd, narrator, readyUrl, env: settings, stopMs: config.shutdownMs + 5000 },
      logDirectory: join(cwd, ".evertoken", "logs"),
    });
  const demoApp = demo === null ? [] : [app("demo", `${demo.issuer}/demo/record`, merge(env, demo.server))];
  await startTogether(demoApp, stoppables, signal);
  const url = (port: number, host = "127.0.0.1") => `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const reachable = (host: string) => (host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host);
  const urls = {
    worker: url(config.workerPort, reachable(config.healthHost)),
    scheduler: url(config.schedulerPort, reachable(config.healthHost)),
    dashboard: url(config.dashboard.port, reachable(config.dashboard.host)),
  };
  const apps = [
    app("worker", `${urls.worker}/readyz`),
    app("scheduler", `${urls.scheduler}/readyz`),
    app("dashboard", `${urls.dashboard}/readyz`),
  ];
  narrator.say("Starting the worker, the scheduler and the dashboard ...");
  await startTogether(apps, stoppables, signal);
  const accounts = demo === null ? null : await connectDemoAccounts(env, demo, options.accounts, signal);
  const login = { user: config.dashboard.user, password: secrets.DASHBOARD_PASSWORD ?? null };
  summarize(narrator, {
    ...{ databases, urls, accounts },
    demoIssuer: demo?.issuer ?? null,
    login: isGiven(given, "DASHBOARD_PASSWORD") ? { ...login, password: null } : login,
    inYourDatabase: isGiven(given, "DATABASE_URL"),
  });
}

/** They are stoppable before they are ready: an interrupt may come meanwhile. */
async function startTogether(apps: readonly AppProcess[], stoppables: Stoppables, signal: AbortSignal): Promise<void> {
  stoppables.add(...apps);
  await Promise.all(apps.map((app) => app.start(signal)));
}

async function choosePorts(given: Env, withDemo: boolean, say: (line: string) => void) {
  const health = given.HEALTH_HOST ?? "127.0.0.1";
  const wishes = [
    { name: "DASHBOARD_PORT", host: given.DASHBOARD_HOST ?? "127.0.0.1", fallback: 3010 },
    { name: "WORKER_PORT", host: health, fallback: 3011 },
    { name: "SCHEDULER_PORT", host: health, fallback: 3012 },
    ...(withDemo ? [{ name: "DEMO_PORT", host: "127.0.0.1", fallback: 9400 }] : []),
  ];
  const ports: Record<string, string> = {};
  for (const wish of wishes) ports[wish.name] = String(await choosePort(given, wish, say));
  return ports;
}

/** Before anything is started: every fault of the settings, but for the addresses that are still to come. */
function requireSettings(own: Env): void {
  const coming = { DATABASE_URL: "postgresql://127.0.0.1/evertoken", REDIS_URL: "redis://127.0.0.1" };
  readSettings(merge(coming, own), readFile);
}
