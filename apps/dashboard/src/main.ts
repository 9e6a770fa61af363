import type { AddressInfo } from "node:net";
import { type Config, describeError } from "@evertoken/adapters";
import { openQueues } from "@evertoken/engine/internal";
import { ableToServe, readiness, runProcess, startEngine } from "@evertoken/operations";
import { createDashboard } from "./dashboard.ts";
import { readUsers } from "./users.ts";

/** How often to look for providers that were added, or got their first connection. */
const lookForProvidersMs = 5000;

await runProcess("dashboard", async (life) => {
  const faultsOf = ({ dashboard }: Config) => readUsers(dashboard).faults;
  const { engine, config, logger } = await startEngine(life, { env: process.env, livesFrom: "requests", faultsOf });
  const look = () =>
    openQueues(engine).catch((error) => logger.warn({ err: describeError(error) }, "could not look for new providers"));
  await look();
  const timer = setInterval(look, lookForProvidersMs);
  life.atStop(() => clearInterval(timer));
  const { people, openId, warnings } = readUsers(config.dashboard);
  for (const warning of warnings) logger.warn(`settings: ${warning}`);
  const app = await createDashboard({
    engine,
    queues: () => engine.queues.all(),
    ...{ people, openId, publicUrl: config.dashboard.publicUrl, session: config.dashboard.session },
    needsSecondFactor: config.dashboard.needsSecondFactor,
    secureCookies: config.dashboard.secureCookies,
    trustProxy: config.dashboard.trustProxy,
    ready: () => readiness(() => ableToServe(engine)),
    logger,
  });
  life.atStop(() => app.close());
  await app.listen({ host: config.dashboard.host, port: config.dashboard.port });
  // Port 0 takes any that is free.
  logger.info({ port: (app.server.address() as AddressInfo).port }, "dashboard ready");
});
