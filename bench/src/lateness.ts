import { setTimeout as sleep } from "node:timers/promises";
import { openGround, provider, seed } from "./ground.ts";
import { startWorker } from "./worker-process.ts";

/** T4: from a job's due time to its request, at a steady rate. The attempt's start stands in the log, due times were stored. */
export async function measureLateness(perSecond: number, seconds: number) {
  const ground = await openGround();
  try {
    const count = perSecond * seconds;
    const startInMs = 20_000;
    const seeded = await seed(ground, count, (index) => startInMs + (index * 1000) / perSecond);
    const base = Date.now();
    const due = new Map<string, number>();
    const jobs = seeded.map(({ id }, index) => {
      const dueAt = new Date(base + startInMs + (index * 1000) / perSecond);
      due.set(id, dueAt.getTime());
      return { id, provider, generation: 1, dueAt };
    });
    await ground.queues.addBulk(provider, jobs);
    const worker = await startWorker({ ...ground.env, REFRESH_CONCURRENCY: "100", REFRESH_SPREAD_MS: "0" });
    await sleep(base + startInMs + seconds * 1000 + 2000 - Date.now());
    const { rows } = await ground.pool.query<{ connection_id: string; created_at: Date }>(
      "SELECT connection_id, created_at FROM token_refresh_log",
    );
    await worker.stop();
    const late = rows.map((row) => row.created_at.getTime() - (due.get(row.connection_id) ?? 0)).sort((a, b) => a - b);
    const at = (share: number) => late[Math.min(late.length - 1, Math.floor(late.length * share))];
    return { perSecond, refreshed: rows.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: late.at(-1) };
  } finally {
    await ground.close();
  }
}
