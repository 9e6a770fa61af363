import { createKeyring } from "@evertoken/adapters";
import { jobId, type Sealed, type TokenColumn } from "@evertoken/core";
import { type LogRow, type Rig, type Row, until } from "./rig.ts";

/** Makes a connection's own job run now, as if its time had come. */
export async function comesDue({ pool, queues }: Rig, id: string): Promise<void> {
  const { rows } = await pool.query<{ provider: string; generation: number }>(
    "UPDATE connections SET next_refresh_at = now(), not_before = NULL WHERE id = $1 RETURNING provider, generation",
    [id],
  );
  const { provider, generation } = rows[0] as { provider: string; generation: number };
  const job = await until("the job is delayed", async () => {
    const found = await queues.refreshQueue(provider).getJob(jobId(id, generation));
    return (await found?.isDelayed()) ? found : null;
  });
  await job.promote();
}

/** The log of a connection, once so many attempts stand in it and its job is at rest. */
export async function attempts(rig: Rig, id: string, count: number): Promise<LogRow[]> {
  return until(`${count} attempts are logged`, async () => {
    const rows = await rig.log(id);
    return rows.length >= count && (await rig.row(id)).lease_owner === null && rows;
  });
}

/** Names of the events so far, oldest first; of one connection, or of all and none. */
export async function events({ pool }: Rig, id?: string): Promise<string[]> {
  const { rows } = await pool.query<{ event: string }>(
    "SELECT event FROM outbox WHERE $1::uuid IS NULL OR connection_id = $1 ORDER BY id",
    [id ?? null],
  );
  return rows.map(({ event }) => event);
}

/** Ids of all jobs of a refresh queue that will run or run now. */
export async function liveJobs({ queues }: Rig, provider: string): Promise<string[]> {
  const jobs = await queues
    .refreshQueue(provider)
    .getJobs(["active", "delayed", "wait", "prioritized", "waiting-children"], 0, 10_000);
  return jobs.map((job) => job.id as string);
}

/** Has the scheduler run a task now. @returns the counts that it reports as its job's result */
export async function runTask({ queues }: Rig, name: string): Promise<Record<string, number>> {
  const queue = queues.fixed("maintenance");
  const { id } = await queue.add(name, {});
  const done = await until(`${name} is done`, async () => {
    const job = await queue.getJob(id as string);
    if (job?.failedReason) throw new Error(`${name} failed: ${job.failedReason}`);
    return job?.finishedOn === undefined ? null : job;
  });
  return done.returnvalue as Record<string, number>;
}

export async function patch({ pool }: Rig, id: string, assignments: string, values: unknown[] = []): Promise<Row> {
  const { rows } = await pool.query<Row>(`UPDATE connections SET ${assignments} WHERE id = $1 RETURNING *`, [
    id,
    ...values,
  ]);
  return rows[0] as Row;
}

/** As if its user had connected with another client registration: its tokens are bound to that. */
export async function moveTo(rig: Rig, id: string, registration: string): Promise<void> {
  const keyring = createKeyring([rig.env.ENCRYPTION_KEY as string]);
  const { provider, registration: former, access_token, refresh_token } = await rig.row(id);
  const moved = (sealed: Sealed, column: TokenColumn) =>
    keyring.seal(
      keyring.open(sealed, { id, provider, registration: former }, column),
      { id, provider, registration },
      column,
    );
  const tokens = [moved(access_token, "access_token"), moved(refresh_token, "refresh_token")];
  await patch(rig, id, "registration = $2, access_token = $3, refresh_token = $4", [registration, ...tokens]);
}

/** As if the processes of this rig had ended, its client too: a key that they lack may be used from now on. */
export async function forgetProcesses({ pool }: Pick<Rig, "pool">): Promise<void> {
  await pool.query("DELETE FROM processes");
}
