import { expect, test } from "vitest";
import { attempts, comesDue, events, liveJobs } from "../support/drive.ts";
import { createRig, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

test("a dead grant: needs_reauth, tokens kept, no further job, told once, and a link to reconnect", async () => {
  const rig = await createRig({
    env: { RECONNECT_URL: "https://app.example/reconnect?c={connection}&p={provider}&u={user}" },
  });
  const worker = await rig.start("worker");
  const { id, family, generation, refreshToken } = await rig.connect({ userId: "user 1&2" });
  const before = await rig.row(id);
  await rig.server.revokeFamily(family);
  await comesDue(rig, id);
  const log = await attempts(rig, id, 1);
  expect(log).toMatchObject([
    { outcome: "denied", error_code: "refresh_token_expired", success: false, http_status: 400 },
  ]);

  const row = await rig.row(id);
  expect(row).toMatchObject({
    status: "needs_reauth",
    generation,
    next_refresh_at: null,
    last_error_code: "refresh_token_expired",
  });
  expect([row.access_token, row.refresh_token]).toEqual([before.access_token, before.refresh_token]);
  expect(row.refresh_token).not.toContain(refreshToken);
  await until("the job is over", async () => (await rig.job({ id, generation }))?.state === "failed");
  expect(await liveJobs(rig, "acme")).toEqual([]);
  await until("the event is told", async () => worker.output().includes("event connection.needs_reauth"));
  expect(await events(rig, id)).toEqual(["connection.created", "connection.needs_reauth"]);

  // The access token lives on, and is served with a warning; when it has ended, the error says where to go.
  expect(await rig.client.getAccessToken(id)).toMatchObject({ warning: { code: "refresh_token_expired" } });
  await rig.pool.query("UPDATE connections SET expires_at = now() WHERE id = $1", [id]);
  await expect(rig.client.getAccessToken(id)).rejects.toMatchObject({
    code: "refresh_token_expired",
    reconnectUrl: `https://app.example/reconnect?c=${id}&p=acme&u=user%201%262`,
  });
  await expect(rig.client.scheduleNow(id)).rejects.toMatchObject({ code: "refresh_token_expired" });
  expect((await rig.server.summary()).requests).toBe(1);

  const again = await rig.connect({ userId: "user 1&2", externalAccountId: row.external_account_id });
  expect(again.id).toBe(id);
  expect(await rig.row(id)).toMatchObject({ status: "connected", generation: generation + 1, last_error_code: null });
  expect(await liveJobs(rig, "acme")).toEqual([`${id}-${generation + 1}`]);
});

test("a denial that comes when the user has just reconnected is a race, not a death", async () => {
  const rig = await createRig();
  await rig.start("worker");
  const { id, externalAccountId } = {
    ...(await rig.connect({ userId: "u", externalAccountId: "a" })),
    externalAccountId: "a",
  };
  await rig.server.behave(lies.invalidGrant, { next: 1 });
  await rig.server.hold();
  await comesDue(rig, id);
  await rig.server.holding();
  await rig.connect({ userId: "u", externalAccountId });
  await rig.server.release();

  await until("the old job has found out", async () => (await rig.job({ id, generation: 1 }))?.state === "completed");
  expect(await rig.row(id)).toMatchObject({ status: "connected", generation: 2, last_error_code: null });
  expect(await events(rig, id)).toEqual(["connection.created", "connection.reconnected"]);
  await expect.poll(() => liveJobs(rig, "acme"), { timeout: 10_000 }).toEqual([`${id}-2`]);
  expect(await rig.client.refresh(id)).toMatchObject({ generation: 3, warning: null });
});
