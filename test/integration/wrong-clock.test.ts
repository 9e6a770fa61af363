import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { comesDue, patch } from "../support/drive.ts";
import { createRig, hasty, type Rig, until } from "../support/rig.ts";
import { temporaryDirectory } from "../support/services.ts";

const day = 86_400_000;

/** A worker on a host whose clock is off by so much, and can be set while it runs. */
async function startWithClock(rig: Rig, shiftMs: number) {
  const file = join(await temporaryDirectory(), "clock-shift");
  const set = (ms: number) => writeFile(file, String(ms));
  await set(shiftMs);
  const preload = fileURLToPath(import.meta.resolve("../support/shifted-clock-main.ts"));
  const worker = await rig.start("worker", { CLOCK_SHIFT_FILE: file, NODE_OPTIONS: `--import=${preload}` });
  return { worker, set };
}

async function ready({ port }: { port: number }): Promise<{ ready: boolean; checks: Record<string, string> }> {
  return (await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()) as never;
}

const refreshed = (rig: Rig, id: string) => until("it is refreshed", async () => (await rig.row(id)).generation === 2);

test.each([
  ["ahead", 50_000],
  ["behind", -50_000],
])("a worker whose clock is 50 s %s stores Postgres' times, and says what is wrong", async (way, shiftMs) => {
  const rig = await createRig({ env: hasty });
  const { worker } = await startWithClock(rig, shiftMs);
  const { id } = await rig.connect();
  await comesDue(rig, id);
  await refreshed(rig, id);
  const row = await rig.row(id);
  const now = Date.now();
  expect(Math.abs(row.expires_at.getTime() - now - 1_800_000)).toBeLessThan(5000);
  for (const at of [row.last_refresh_at, row.updated_at]) expect(Math.abs(at.getTime() - now)).toBeLessThan(5000);
  const [logged] = await rig.log(id);
  expect(Math.abs(logged?.created_at.getTime() - now)).toBeLessThan(5000);
  const copies = await until("its copy is kept", async () => {
    const found = await rig.queues.redis.zrange(`{${rig.env.REDIS_PREFIX}}:copies`, 0, -1, "WITHSCORES");
    return found.length > 0 && found;
  });
  expect(Math.abs(Number(copies[1]) - now)).toBeLessThan(5000);
  expect(await ready(worker)).toMatchObject({ ready: true, checks: { clock: expect.stringContaining(way) } });
  await until("it is logged", async () => worker.output().includes("the clock of this host is not Postgres'"));
});

test("a worker whose clock is a day ahead does no work, says why, and takes it up when the clock is set right", async () => {
  const rig = await createRig({ env: hasty });
  const { id } = await rig.connect();
  const { worker, set } = await startWithClock(rig, day);
  await comesDue(rig, id);
  expect(await ready(worker)).toMatchObject({ ready: false, checks: { clock: "86400 s ahead of Postgres" } });
  expect(worker.output()).toContain("set the clock of this host (NTP)");
  expect(await rig.row(id)).toMatchObject({ generation: 1, lease_owner: null });
  await set(0);
  await refreshed(rig, id);
  await until("it is ready", async () => (await ready(worker)).ready);
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });
  expect(await worker.stop()).toBe(0);
});

test("a clock that is set a day back or ahead while a worker runs stops its work until it is right again", async () => {
  const rig = await createRig({ env: hasty });
  const { worker, set } = await startWithClock(rig, 0);
  for (const [generation, shiftMs] of [-day, day].entries()) {
    const { id } = await rig.connect();
    await set(shiftMs);
    await until("it stops", async () => !(await ready(worker)).ready);
    await comesDue(rig, id);
    expect(await rig.row(id)).toMatchObject({ generation: 1, status: "connected" });
    await set(0);
    await refreshed(rig, id);
    expect(await rig.server.summary()).toMatchObject({ granted: generation + 1 });
  }
  expect(await worker.stop()).toBe(0);
});

test("an app whose clock is off sees a token's true life", async () => {
  const rig = await createRig({ env: hasty });
  const { id, accessToken } = await rig.connect({ expiresIn: 600 });
  const real = Date.now;
  try {
    Date.now = () => real() + day;
    expect(await rig.client.getAccessToken(id)).toMatchObject({ accessToken, generation: 1, warning: null });
  } finally {
    Date.now = real;
  }
  await patch(rig, id, "expires_at = now() - interval '1 minute'");
  expect(await rig.client.getAccessToken(id)).toMatchObject({ generation: 2 });
});
