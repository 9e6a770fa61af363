import { expect, test } from "vitest";
import { attempts, comesDue, events, patch } from "../support/drive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

const minute = 60_000;

/** How long after the last answer the connection is due again, as stored and as Redis has it. */
async function delayAfter(rig: Rig, id: string, count: number): Promise<number> {
  const last = (await attempts(rig, id, count)).at(-1);
  const row = await rig.row(id);
  const answeredAt = last?.created_at.getTime() + last?.duration_ms;
  await expect
    .poll(async () => (await rig.job({ id, generation: 1 }))?.dueAt?.getTime() ?? 0, { timeout: 10_000 })
    .toSatisfy((dueAt: number) => Math.abs(dueAt - row.next_refresh_at.getTime()) < 1000);
  return row.next_refresh_at.getTime() - answeredAt;
}

test("trouble: three quick tries, then every five minutes, hourly after a day, and back to normal by itself", async () => {
  const rig = await createRig();
  await rig.server.behave(lies.serverError);
  await rig.start("worker");
  const { id } = await rig.connect();

  for (const [index, [least, most]] of [
    [1000, 1300],
    [2000, 2600],
    [4000, 5200],
    [5 * minute, 5 * minute],
  ].entries()) {
    await comesDue(rig, id);
    const delay = await delayAfter(rig, id, index + 1);
    expect(delay).toBeGreaterThanOrEqual(least as number);
    expect(delay).toBeLessThanOrEqual(most as number);
    expect(await rig.row(id)).toMatchObject({ status: "connected", last_error_code: "provider_unavailable" });
  }
  const status = await rig.client.tokenStatus(id);
  const inMinutes = ((status.job as { dueAt: Date }).dueAt.getTime() - Date.now()) / minute;
  expect(inMinutes).toBeGreaterThan(4.8);
  expect(inMinutes).toBeLessThanOrEqual(5.02);
  expect(await events(rig, id)).toEqual(["connection.created", "token.refresh_failed"]);
  expect(await rig.client.getAccessToken(id)).toMatchObject({ warning: null });

  await patch(rig, id, "expires_at = now() - interval '1 second', failing_since = now() - interval '25 hours'");
  await comesDue(rig, id);
  expect(await delayAfter(rig, id, 5)).toBe(60 * minute);
  expect(await rig.row(id)).toMatchObject({ status: "token_expired", consecutive_failures: 5 });

  await rig.server.behave({ kind: "honest" });
  await comesDue(rig, id);
  await attempts(rig, id, 6);
  expect(await rig.row(id)).toMatchObject({
    status: "connected",
    generation: 2,
    failing_since: null,
    last_error_code: null,
    consecutive_failures: 0,
  });
  expect(await events(rig, id)).toEqual(["connection.created", "token.refresh_failed", "connection.recovered"]);
  await expect
    .poll(() => rig.job({ id, generation: 2 }), { timeout: 10_000 })
    .toMatchObject({ state: "delayed", attemptsMade: 0 });
  expect(await rig.server.summary()).toMatchObject({ requests: 6, granted: 1, overlapping: 0 });
});

test("after 30 days of trouble only the user can help, and is asked once", async () => {
  const rig = await createRig();
  await rig.server.behave(lies.unavailable());
  await rig.start("worker");
  const { id, generation } = await rig.connect();
  await patch(
    rig,
    id,
    "failing_since = now() - interval '30 days', consecutive_failures = 900, status = 'token_expired', expires_at = now() - interval '29 days'",
  );
  await comesDue(rig, id);
  await attempts(rig, id, 1);
  expect(await rig.row(id)).toMatchObject({
    status: "needs_reauth",
    last_error_code: "provider_unavailable",
    next_refresh_at: null,
  });
  await expect.poll(async () => (await rig.job({ id, generation }))?.state, { timeout: 10_000 }).toBe("failed");
  expect((await events(rig, id)).filter((event) => event === "connection.needs_reauth")).toHaveLength(1);
  await expect(rig.client.getAccessToken(id)).rejects.toMatchObject({ code: "provider_unavailable" });
});

test("without a refresh token the access token is served to its end; then the user has to act, and nothing is ever sent", async () => {
  const rig = await createRig();
  await rig.start("worker");
  const { id, accessToken } = await rig.connect({ expiresIn: 600, refreshToken: null });
  expect(await rig.client.getAccessToken(id)).toMatchObject({ accessToken });
  await comesDue(rig, id);
  await attempts(rig, id, 1);
  expect(await rig.row(id)).toMatchObject({ status: "connected" });
  await patch(rig, id, "expires_at = now() - interval '1 second'");
  await comesDue(rig, id);
  await attempts(rig, id, 2);
  expect(await rig.row(id)).toMatchObject({ status: "needs_reauth", last_error_code: "no_refresh_token" });
  await expect(rig.client.getAccessToken(id)).rejects.toMatchObject({ code: "no_refresh_token" });
  expect(await rig.server.summary()).toMatchObject({ requests: 0 });
});
