import { readFileSync } from "node:fs";
import {
  ConfigError,
  connectRedis,
  createLogger,
  createQueues,
  fixedQueues,
  impatient,
  readConfig,
  readiness,
  runProcess,
} from "@evertoken/adapters";
import { catalogue, createProviders, readProviderSettings } from "@evertoken/providers";
import { createDashboard } from "./dashboard.ts";
import { readUsers } from "./users.ts";

await runProcess("dashboard", async () => {
  const readFile = (path: string): string => readFileSync(path, "utf8");
  const { config, faults } = readConfig(process.env, readFile);
  const { settings, faults: providerFaults } = readProviderSettings(process.env, readFile, catalogue);
  const { users, faults: userFaults } = readUsers(config.dashboard);
  const allFaults = [...faults, ...providerFaults, ...userFaults];
  if (allFaults.length > 0) throw new ConfigError(allFaults);

  const logger = createLogger("dashboard", config.logLevel);
  const redis = connectRedis(config.redisUrl, impatient, (err) =>
    logger.warn({ event: "redis.trouble", err }, "redis"),
  );
  const queues = createQueues(redis, config.redisPrefix);
  const registered = createProviders(settings)
    .all()
    .filter(({ registration }) => registration !== null);
  const app = await createDashboard({
    queues: () => [
      ...registered.map(({ provider }) => queues.refresh(provider.id)),
      ...fixedQueues.map((name) => queues.fixed(name)),
    ],
    users,
    sessionSecret: config.dashboard.sessionSecret ?? "",
    secureCookies: config.dashboard.secureCookies,
    trustProxy: config.dashboard.trustProxy,
    ready: () =>
      readiness(async () => ({
        redis: await redis.ping().then(
          () => "ok",
          () => "down",
        ),
      })),
    logger,
  });
  await app.listen({ host: config.dashboard.host, port: config.dashboard.port });
  return {
    shutdownMs: config.shutdownMs,
    async stop() {
      await app.close();
      await queues.close();
      redis.disconnect();
    },
  };
});
