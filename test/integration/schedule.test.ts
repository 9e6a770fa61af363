import { jobId } from "@evertoken/core";
import { expect, test } from "vitest";
import { attempts, liveJobs } from "../support/drive.ts";
import { createRig, type Rig, until } from "../support/rig.ts";

const minute = 60_000;

/** `hubspot` at the token server of the rig. */
const withHubspot = async (): Promise<Rig> => {
  const rig = await createRig({ provider: "hubspot", env: { EVERTOKEN_GENERIC_PROVIDERS: "" } });
  return rig;
};

/** Minutes from now until the job runs, by the score that BullMQ waits for. */
async function minutesUntilJob(rig: Rig, connection: { id: string; generation: number }): Promise<number> {
  const job = await rig.job(connection);
  expect(job).toMatchObject({ state: "delayed", data: {} });
  return ((job?.dueAt?.getTime() ?? Number.NaN) - Date.now()) / minute;
}

test("a 30 minute token gets its job at 25 minutes, as a row says before Redis does", async () => {
  const rig = await withHubspot();
  const connection = await rig.connect({ expiresIn: 1800 });
  const row = await rig.row(connection.id);
  expect(row).toMatchObject({ status: "connected", generation: 1, next_refresh_at: connection.nextRefreshAt });
  const jobAt = (await rig.job(connection))?.dueAt?.getTime() ?? 0;
  expect(Math.abs(jobAt - row.next_refresh_at.getTime())).toBeLessThan(1000);
  expect(await minutesUntilJob(rig, connection)).toBeLessThanOrEqual(25);
  expect(await minutesUntilJob(rig, connection)).toBeGreaterThan(24.7);
  expect(await liveJobs(rig, "hubspot")).toEqual([`${connection.id}-1`]);

  const unstated = await rig.client.connections.import({
    userId: "u",
    provider: "hubspot",
    accessToken: "a",
    refreshToken: "r",
  });
  expect(await minutesUntilJob(rig, unstated)).toBeGreaterThan(24.7);
  expect(await minutesUntilJob(rig, unstated)).toBeLessThanOrEqual(25);
});

test("short, endless and unrefreshable tokens", async () => {
  const rig = await createRig();
  const short = await rig.connect({ expiresIn: 90 });
  expect(await minutesUntilJob(rig, short)).toBeLessThanOrEqual(0.75);
  expect(await minutesUntilJob(rig, short)).toBeGreaterThan(0.7);

  const { expiresIn: _, ...endless } = {
    userId: "u",
    provider: "acme",
    accessToken: "a",
    refreshToken: "r",
    expiresIn: 1,
  };
  const never = await rig.client.connections.import({ ...endless, expiresAt: "never" });
  expect(never).toMatchObject({ nextRefreshAt: null, scheduled: true });
  expect(await rig.job(never)).toBeNull();

  const pat = await rig.client.connections.import({ userId: "u", provider: "github-pat", accessToken: "ghp_x" });
  expect(pat.nextRefreshAt).toBeNull();
  expect(await rig.client.tokenStatus(pat.id)).toMatchObject({ token: "no_expiry_set", job: null });
  expect(await rig.client.getAccessToken(pat.id)).toMatchObject({
    accessToken: "ghp_x",
    expiresAt: null,
    warning: null,
  });

  const unrefreshable = await rig.connect({ expiresIn: 600, refreshToken: null });
  expect(await minutesUntilJob(rig, unrefreshable)).toBeGreaterThan(9.9);
});

test("connecting again keeps the id and the history, and leaves one job: that of the new token set", async () => {
  const rig = await createRig();
  const first = await rig.connect({ userId: "u", externalAccountId: "account" });
  const again = await rig.connect({ userId: "u", externalAccountId: "account" });
  expect(again).toMatchObject({ id: first.id, generation: 2 });
  expect(await liveJobs(rig, "acme")).toEqual([jobId(first.id, 2)]);

  const other = await rig.connect({ userId: "u", externalAccountId: "second account" });
  expect(other.id).not.toBe(first.id);
});

test("a token that lives two seconds is refreshed at half its life, by the job of its generation", async () => {
  const rig = await createRig();
  await rig.server.configure({ expiresIn: 1800 });
  const worker = await rig.start("worker");
  const connection = await rig.connect({ expiresIn: 2 });

  await attempts(rig, connection.id, 1);
  const row = await rig.row(connection.id);
  expect(row).toMatchObject({ status: "connected", generation: 2 });
  await expect.poll(() => liveJobs(rig, "acme"), { timeout: 10_000 }).toEqual([jobId(connection.id, 2)]);
  expect(await rig.job({ id: connection.id, generation: 2 })).toMatchObject({ state: "delayed" });
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1, reuse: 0 });
  expect(await rig.log(connection.id)).toMatchObject([
    {
      outcome: "granted",
      trigger: "scheduled",
      success: true,
      generation: 1,
      http_status: 200,
      new_expires_at: row.expires_at,
    },
  ]);
  expect(await worker.stop()).toBe(0);
});

test("a job of a stale generation sends nothing, and makes sure that the current one exists", async () => {
  const rig = await createRig();
  await rig.start("worker");
  const { id } = await rig.connect();
  await rig.client.refresh(id);
  await rig.queues.remove("acme", id, 2);
  await rig.queues.bringForward({ id, provider: "acme", generation: 1 }, {});
  await until("the stale job has run", async () => (await rig.job({ id, generation: 1 }))?.state === "completed");
  await expect.poll(() => liveJobs(rig, "acme"), { timeout: 10_000 }).toEqual([jobId(id, 2)]);
  expect(await rig.job({ id, generation: 2 })).toMatchObject({ state: "delayed" });
  expect((await rig.server.summary()).requests).toBe(1);
});

test("jobs of connections that are gone end without a word, and jobs that are none of ours fail", async () => {
  const rig = await createRig();
  await rig.start("worker");
  const { id } = await rig.connect();
  await rig.pool.query("DELETE FROM connections WHERE id = $1", [id]);
  await rig.queues.bringForward({ id, provider: "acme", generation: 1 }, {});
  await rig.queues.refreshQueue("acme").add("refresh", {}, { jobId: "no-id-of-ours", attempts: 1_000_000 });
  await until("both are over", async () => (await liveJobs(rig, "acme")).length === 0);
  expect((await rig.job({ id, generation: 1 }))?.state).toBe("completed");
  expect(await (await rig.queues.refreshQueue("acme").getJob("no-id-of-ours"))?.getState()).toBe("failed");
});

test("an answer without a refresh token keeps the one that there is, and it is spent again", async () => {
  const rig = await createRig({ env: { ACME_ROTATION: "none" } });
  await rig.server.configure({ rotation: "off", unrotatedRefreshToken: "absent" });
  const { id } = await rig.connect();
  const { refresh_token: kept } = await rig.row(id);
  for (const generation of [2, 3]) {
    expect(await rig.client.refresh(id, { force: true })).toMatchObject({ generation, warning: null });
  }
  expect(await rig.row(id)).toMatchObject({ refresh_token: kept, status: "connected" });
  expect((await rig.row(id)).next_refresh_at).not.toBeNull();
});
