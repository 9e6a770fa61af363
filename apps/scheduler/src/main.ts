import { readFileSync } from "node:fs";
import { createLogger, patient } from "@evertoken/adapters";
import { createObserver, loadSettings, openEngine, prepareEngine } from "@evertoken/engine/internal";
import {
  countRefreshes,
  createMetrics,
  runProcess,
  SpoolDrain,
  servicesReady,
  startHealthServer,
} from "@evertoken/operations";
import { GaugeTimer } from "./gauge-timer.ts";
import { Scheduler } from "./scheduler.ts";

await runProcess("scheduler", async (life) => {
  const { config, providers, unreachable } = await loadSettings(process.env, (path) => readFileSync(path, "utf8"));
  life.shutdownMs = config.shutdownMs;
  const logger = createLogger("scheduler", config.logLevel);
  if (unreachable.length > 0) logger.error({ unreachable }, "issuers gave no endpoints: their providers wait");
  const metrics = createMetrics();
  const observe = createObserver(logger, config.encryptionKeys[0] ?? "", countRefreshes(metrics));
  const engine = openEngine({
    config,
    providers,
    logger,
    redis: patient,
    observe,
    inJob: false,
    proxyEnv: process.env,
  });
  life.atStop(() => engine.close());
  await prepareEngine(engine);

  const drain = new SpoolDrain(engine, metrics);
  life.atStop(() => drain.stop());
  drain.start();
  const scheduler = new Scheduler(engine, metrics);
  life.atStop(() => scheduler.stop());
  await scheduler.start();
  const gauges = new GaugeTimer(engine, metrics);
  life.atStop(() => gauges.stop());
  gauges.start();
  const health = await startHealthServer({
    host: config.healthHost,
    port: config.schedulerPort,
    alive: () => true,
    ready: async () => ({ ...(await servicesReady(engine)), ...(await scheduler.ready().catch(() => ({}))) }),
    metrics: () => metrics.registry.metrics(),
  });
  life.atStop(() => health.close());
  logger.info({ port: health.port }, "scheduler ready");
});
