import {
  countRefreshes,
  createMetrics,
  runProcess,
  SpoolDrain,
  servicesReady,
  startEngine,
  startHealthServer,
} from "@evertoken/operations";
import { GaugeTimer } from "./gauge-timer.ts";
import { Scheduler } from "./scheduler.ts";

await runProcess("scheduler", async (life) => {
  const metrics = createMetrics();
  const { engine, config, logger } = await startEngine(life, {
    env: process.env,
    livesFrom: "queue",
    count: countRefreshes(metrics),
  });

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
