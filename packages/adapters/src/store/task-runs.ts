import type { Pool } from "pg";

/** By Postgres' clock: the schedulers may run on several hosts. */
export async function recordTaskRun(pool: Pool, task: string): Promise<void> {
  await pool.query({
    name: "task-run-record",
    text: "INSERT INTO task_runs (task, ended_at) VALUES ($1, now()) ON CONFLICT (task) DO UPDATE SET ended_at = now()",
    values: [task],
  });
}

/** How long ago each task ended last, in ms. */
export async function taskAges(pool: Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ task: string; age_ms: number }>({
    name: "task-run-ages",
    text: "SELECT task, (extract(epoch FROM now() - ended_at) * 1000)::float8 AS age_ms FROM task_runs",
  });
  return new Map(rows.map(({ task, age_ms }) => [task, age_ms]));
}
