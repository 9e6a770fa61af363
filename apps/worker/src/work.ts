import { countRefreshes, createMetrics, type Life, startEngine, startHealthServer } from "@evertoken/operations";
import { type Part, whole } from "./part.ts";
import { answerSupervisor } from "./part-channel.ts";
import { ProgressWatch } from "./progress-watch.ts";
import { QueueWorkers } from "./worker.ts";

/** Runs the queues in this process: all of a worker, or its part. The whole one shows its health itself, a part tells its supervisor. */
export async function work(life: Life, part: Part): Promise<void> {
  const metrics = createMetrics();
  const count = countRefreshes(metrics);
  const tell = part === whole ? null : answerSupervisor(life);
  const { engine, config, logger } = await startEngine(life, {
    env: process.env,
    livesFrom: "queue",
    inJob: true,
    count,
  });

  const workers = new QueueWorkers(engine, metrics, part);
  life.atStop(() => workers.stop());
  await workers.start();
  const watch = new ProgressWatch(engine);
  life.atStop(() => watch.stop());
  watch.start();
  const stopping = () => logger.info("stopping: running refreshes finish first");
  if (tell !== null) {
    life.atStop(stopping);
    tell.isReady({ checks: () => watch.ready(), metrics: () => metrics.registry.getMetricsAsJSON() });
    logger.info({ part, queues: workers.queueNames }, "worker process ready");
    return;
  }
  const health = await startHealthServer({
    host: config.healthHost,
    port: config.workerPort,
    alive: () => true,
    ready: () => watch.ready(),
    metrics: () => metrics.registry.metrics(),
  });
  life.atStop(() => {
    stopping();
    return health.close();
  });
  logger.info({ port: health.port, queues: workers.queueNames }, "worker ready");
}
