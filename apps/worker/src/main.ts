import { countRefreshes, createMetrics, runProcess, startEngine, startHealthServer } from "@evertoken/operations";
import { ProgressWatch } from "./progress-watch.ts";
import { QueueWorkers } from "./worker.ts";

await runProcess("worker", async (life) => {
  const metrics = createMetrics();
  const count = countRefreshes(metrics);
  const { engine, config, logger } = await startEngine(life, {
    env: process.env,
    livesFrom: "queue",
    inJob: true,
    count,
  });

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
