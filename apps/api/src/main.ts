import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createLogger, impatient, runProcess } from "@evertoken/adapters";
import { createObserver, loadSettings, openEngine } from "@evertoken/client/engine";
import { createApi } from "./api.ts";

await runProcess("api", async () => {
  const { config, providers, unreachable } = await loadSettings(process.env, (path) => readFileSync(path, "utf8"));
  const logger = createLogger("api", config.logLevel);
  if (unreachable.length > 0) logger.warn({ unreachable }, "issuers do not answer: their providers wait");
  const observe = createObserver(logger, config.encryptionKeys[0] ?? "");
  const redis = impatient;
  // It starts while Postgres or Redis is away, and says so at /readyz: tokens are served without Redis.
  const engine = openEngine({ config, providers, logger, redis, observe, inJob: false, proxyEnv: process.env });
  const api = await createApi(engine);
  await api.listen({ host: config.api.host, port: config.api.port });
  logger.info({ port: (api.server.address() as AddressInfo).port }, "api ready");

  return {
    shutdownMs: config.shutdownMs,
    async stop() {
      logger.info("stopping: running requests finish first");
      await api.close();
      await engine.close();
      logger.info("stopped");
    },
  };
});
