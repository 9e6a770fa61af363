import { jobId } from "@evertoken/core";
import { expect, test } from "vitest";
import { attempts, comesDue } from "../support/drive.ts";
import { createRig, type Rig, until } from "../support/rig.ts";
import { lies, startTokenServer, type TokenServer } from "../support/token-server.ts";

/** `accountwise` limits each account, `appwise` the whole app; each at a token server of its own. */
async function createThrottledRig(): Promise<{ rig: Rig; appwise: TokenServer }> {
  const accountwise = await startTokenServer();
  const appwise = await startTokenServer();
  const provider = (id: string, { tokenUrl }: TokenServer, scope: string) => ({
    ...{ id, name: id, docs: "https://www.rfc-editor.org/rfc/rfc6585#section-4", tokenUrl },
    policy: { lifetimeSeconds: 1800, rotation: { kind: "single_use" } },
    throttle: { scope },
  });
  const definitions = [provider("accountwise", accountwise, "connection"), provider("appwise", appwise, "provider")];
  const rig = await createRig({
    server: accountwise,
    provider: "accountwise",
    env: {
      EVERTOKEN_GENERIC_PROVIDERS: "",
      APPWISE_CLIENT_ID: "client",
      APPWISE_CLIENT_SECRET: "client-secret",
    },
    files: { EVERTOKEN_PROVIDERS_FILE: JSON.stringify(definitions) },
  });
  return { rig, appwise };
}

test("429: waits as told, counts nothing; scheduleNow keeps the wait unless forced", async () => {
  const { rig } = await createThrottledRig();
  await rig.start("worker");
  const told: [string | number | undefined, number][] = [
    [120, 120],
    [new Date(Date.now() + 300_000).toUTCString(), 300],
    [undefined, 60],
    [10 * 86_400, 86_400],
  ];
  for (const [retryAfter, seconds] of told) {
    const { id, family, generation } = await rig.connect();
    await rig.server.behave(lies.throttled(retryAfter), { family });
    await comesDue(rig, id);
    const [log] = await attempts(rig, id, 1);
    expect(log).toMatchObject({ outcome: "throttled", error_code: "rate_limited", http_status: 429 });
    const row = await rig.row(id);
    expect(row).toMatchObject({ status: "connected", consecutive_failures: 0, failing_since: null });
    expect(Math.abs((row.not_before.getTime() - log?.created_at.getTime()) / 1000 - seconds)).toBeLessThan(3);
    const job = await until("the job waits", async () => {
      const found = await rig.job({ id, generation });
      return found?.state === "delayed" && found;
    });
    expect(job.attemptsMade).toBe(0);
    expect(Math.abs((job.dueAt?.getTime() ?? 0) - row.not_before.getTime())).toBeLessThan(100);

    const kept = await rig.client.scheduleNow(id);
    expect(kept.dueAt).toEqual(row.not_before);
    expect(
      Math.abs(((await rig.job({ id, generation }))?.dueAt?.getTime() ?? 0) - row.not_before.getTime()),
    ).toBeLessThan(100);
    expect((await rig.server.presentations({ family })).length).toBe(1);

    await rig.server.behave({ kind: "honest" }, { family });
    await rig.client.scheduleNow(id, { force: true });
    await until("it was forced", async () => (await rig.row(id)).generation === generation + 1);
    expect(await rig.log(id)).toMatchObject([{}, { outcome: "granted", trigger: "manual" }]);
  }
});

async function connectAppwise(rig: Rig, appwise: TokenServer) {
  const [issued] = await appwise.issue();
  return rig.client.connections.import({
    ...{ userId: "u", provider: "appwise", externalAccountId: issued?.accountId ?? "" },
    ...{ accessToken: issued?.accessToken ?? "", refreshToken: issued?.refreshToken ?? "" },
  });
}

test("a limit of the app pauses its whole provider, and no other", async () => {
  const { rig, appwise } = await createThrottledRig();
  await rig.start("worker");
  const [first, second] = [await connectAppwise(rig, appwise), await connectAppwise(rig, appwise)];
  await appwise.behave(lies.throttled(3));
  await comesDue(rig, first.id);
  const [log] = await attempts(rig, first.id, 1);
  await appwise.behave({ kind: "honest" });
  // Longer than a turn of the ordinary limiter, which is there anyway.
  await until("the queue is limited", async () => (await rig.queues.refreshQueue("appwise").getRateLimitTtl()) > 1100);
  expect(await rig.row(first.id)).toMatchObject({ status: "connected", not_before: null, consecutive_failures: 0 });

  await comesDue(rig, second.id);
  const other = await rig.connect();
  await comesDue(rig, other.id);
  await until("the other provider goes on", async () => (await rig.row(other.id)).generation === 2);
  expect((await appwise.summary()).requests).toBe(1);
  await expect(rig.client.refresh(second.id)).resolves.toMatchObject({ warning: { code: "rate_limited" } });

  await until(
    "both go on when the wait is over",
    async () => (await rig.row(first.id)).generation === 2 && (await rig.row(second.id)).generation === 2,
  );
  const presented = await appwise.presentations();
  const waitedMs = (presented[1]?.atMs ?? 0) - log?.created_at.getTime();
  expect(waitedMs).toBeGreaterThanOrEqual(2900);
  expect(presented).toHaveLength(3);
  for (const { id } of [first, second]) {
    const job = await rig.queues.refreshQueue("appwise").getJob(jobId(id, 1));
    expect(job?.attemptsStarted, "the queue paused instead of spinning").toBeLessThanOrEqual(3);
  }
  expect(await rig.log(first.id)).toMatchObject([{ outcome: "throttled" }, { outcome: "granted" }]);
});

test("a forced job passes the limit of its provider, and the others stay behind it", async () => {
  const { rig, appwise } = await createThrottledRig();
  const [first, forced, waiting] = await Promise.all(Array.from({ length: 3 }, () => connectAppwise(rig, appwise)));
  if (!first || !forced || !waiting) throw new Error("three");
  const worker = await rig.start("worker");
  await appwise.behave(lies.throttled(3600), { next: 1 });
  await comesDue(rig, first.id);
  await attempts(rig, first.id, 1);
  await until("the queue is limited", async () => (await rig.queues.refreshQueue("appwise").getRateLimitTtl()) > 1100);
  await comesDue(rig, waiting.id);

  await rig.client.scheduleNow(forced.id, { force: true });
  // A worker that sleeps through a limit looks up every 30 s; one that starts looks at once.
  await worker.stop();
  await rig.start("worker");
  await until("the forced one is refreshed", async () => (await rig.row(forced.id)).generation === 2);
  await until(
    "the limit stands again",
    async () => (await rig.queues.refreshQueue("appwise").getRateLimitTtl()) > 1100,
  );
  expect(await rig.row(waiting.id)).toMatchObject({ generation: 1 });
  expect((await appwise.summary()).requests).toBe(2);
});
