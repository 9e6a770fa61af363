import { readFileSync } from "node:fs";
import { ConfigError, createLogger, describeError, impatient, readConfig } from "@evertoken/adapters";
import {
  createAudit,
  createObserver,
  loadSettings,
  openEngine,
  openQueues,
  refuseCluster,
  refuseUnusableDatabase,
} from "@evertoken/engine/internal";
import { ableToServe, readiness, runProcess } from "@evertoken/operations";
import { createDashboard } from "./dashboard.ts";
import { readUsers } from "./users.ts";

/** How often to look for providers that were added, or got their first connection. */
const lookForProvidersMs = 5000;

await runProcess("dashboard", async (life) => {
  const readFile = (path: string): string => readFileSync(path, "utf8");
  const { users, faults } = readUsers(readConfig(process.env, readFile).config.dashboard);
  const { config, providers } = await loadSettings(process.env, readFile).catch((error) => {
    // All faults at once, those of the users included.
    throw error instanceof ConfigError ? new ConfigError([...error.faults, ...faults]) : error;
  });
  if (faults.length > 0) throw new ConfigError(faults);
  life.shutdownMs = config.shutdownMs;

  const logger = createLogger("dashboard", config.logLevel);
  const observe = createObserver(logger, config.encryptionKeys[0] ?? "");
  const engine = openEngine({
    config,
    providers,
    logger,
    redis: impatient,
    observe,
    inJob: false,
    proxyEnv: process.env,
  });
  life.atStop(() => engine.close());
  await refuseUnusableDatabase(engine);
  await refuseCluster(engine);
  const look = () =>
    openQueues(engine).catch((error) => logger.warn({ err: describeError(error) }, "could not look for new providers"));
  await look();
  const timer = setInterval(look, lookForProvidersMs);
  life.atStop(() => clearInterval(timer));
  const audit = createAudit(engine);
  const app = await createDashboard({
    engine,
    queues: () => engine.queues.all(),
    users,
    sessionSecret: config.dashboard.sessionSecret ?? "",
    secureCookies: config.dashboard.secureCookies,
    trustProxy: config.dashboard.trustProxy,
    ready: () => readiness(() => ableToServe(engine)),
    auditLogin: (name) => audit({ actor: `operator:${name}`, action: "dashboard.login" }),
    logger,
  });
  life.atStop(() => app.close());
  await app.listen({ host: config.dashboard.host, port: config.dashboard.port });
  logger.info({ port: config.dashboard.port }, "dashboard ready");
});
