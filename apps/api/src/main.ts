import type { AddressInfo } from "node:net";
import { runProcess, startEngine } from "@evertoken/operations";
import { createApi } from "./api.ts";

await runProcess("api", async (life) => {
  const { engine, config, logger } = await startEngine(life, { env: process.env, livesFrom: "requests" });
  const api = await createApi(engine, { logger });
  life.atStop(() => {
    logger.info("stopping: running requests finish first");
    return api.close();
  });
  await api.listen({ host: config.api.host, port: config.api.port });
  logger.info({ port: (api.server.address() as AddressInfo).port }, "api ready");
});
