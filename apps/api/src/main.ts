import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createLogger, impatient } from "@evertoken/adapters";
import {
  createObserver,
  loadSettings,
  openEngine,
  refuseCluster,
  refuseUnusableDatabase,
} from "@evertoken/engine/internal";
import { runProcess } from "@evertoken/operations";
import { createApi } from "./api.ts";

await runProcess("api", async (life) => {
  const { config, providers, unreachable } = await loadSettings(process.env, (path) => readFileSync(path, "utf8"));
  life.shutdownMs = config.shutdownMs;
  const logger = createLogger("api", config.logLevel);
  if (unreachable.length > 0) logger.error({ unreachable }, "issuers gave no endpoints: their providers wait");
  const observe = createObserver(logger, config.encryptionKeys[0] ?? "");
  const redis = impatient;
  // It starts while Postgres or Redis is away, and says so at /readyz: tokens are served without Redis.
  const engine = openEngine({ config, providers, logger, redis, observe, inJob: false, proxyEnv: process.env });
  // The caller of a refresh may be gone: the engine waits for what the server does not know to run.
  life.atStop(() => engine.close());
  await refuseUnusableDatabase(engine);
  await refuseCluster(engine);
  const api = await createApi(engine, { logger });
  life.atStop(() => {
    logger.info("stopping: running requests finish first");
    return api.close();
  });
  await api.listen({ host: config.api.host, port: config.api.port });
  logger.info({ port: (api.server.address() as AddressInfo).port }, "api ready");
});
