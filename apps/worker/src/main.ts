import { readFileSync } from "node:fs";
import { createLogger, patient } from "@evertoken/adapters";
import { createObserver, loadSettings, openEngine, prepareEngine } from "@evertoken/engine/internal";
import { countRefreshes, createMetrics, runProcess, startHealthServer } from "@evertoken/operations";
import { ProgressWatch } from "./progress-watch.ts";
import { QueueWorkers } from "./worker.ts";

await runProcess("worker", async (life) => {
  const { config, providers, unreachable } = await loadSettings(process.env, (path) => readFileSync(path, "utf8"));
  life.shutdownMs = config.shutdownMs;
  const logger = createLogger("worker", config.logLevel);
  if (unreachable.length > 0) logger.error({ unreachable }, "issuers gave no endpoints: their providers wait");
  const metrics = createMetrics();
  const observe = createObserver(logger, config.encryptionKeys[0] ?? "", countRefreshes(metrics));
  const engine = openEngine({ config, providers, logger, redis: patient, observe, inJob: true, proxyEnv: process.env });
  life.atStop(() => engine.close());
  await prepareEngine(engine);

  const workers = new QueueWorkers(engine, metrics);
  life.atStop(() => workers.stop());
  await workers.start();
  const watch = new ProgressWatch(engine);
  life.atStop(() => watch.stop());
  watch.start();
  const health = await startHealthServer({
    host: config.healthHost,
    port: config.workerPort,
    alive: () => true,
    ready: () => watch.ready(),
    metrics: () => metrics.registry.metrics(),
  });
  life.atStop(() => {
    logger.info("stopping: running refreshes finish first");
    return health.close();
  });
  logger.info({ port: health.port, queues: workers.queueNames }, "worker ready");
});
