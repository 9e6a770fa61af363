import { expect, test } from "vitest";
import { attempts, comesDue, events, patch } from "../support/drive.ts";
import { createRig, until } from "../support/rig.ts";

const hour = 3_600_000;

test("an answer that nobody has described: error, told once, one probe an hour, and back by itself", async () => {
  const rig = await createRig();
  await rig.server.behave({ kind: "lie", status: 418, body: '{"error":"teapot"}', headers: {} });
  const worker = await rig.start("worker");
  const { id } = await rig.connect();
  for (const count of [1, 2, 3]) {
    await comesDue(rig, id);
    const last = (await attempts(rig, id, count)).at(-1);
    expect(last).toMatchObject({ outcome: "unknown", error_code: "unknown_answer", http_status: 418 });
    const row = await rig.row(id);
    expect(row).toMatchObject({ status: "error", last_error_code: "unknown_answer" });
    const waitMs = row.next_refresh_at.getTime() - (last?.created_at.getTime() + last?.duration_ms);
    expect(waitMs).toBe(hour);
    const dueAt = await until("the job waits", async () => (await rig.job({ id, generation: 1 }))?.dueAt);
    expect(Math.abs(dueAt.getTime() - row.next_refresh_at.getTime())).toBeLessThan(1000);
  }
  await until("it is told", async () => worker.output().includes("event token.refresh_failed"));
  await rig.server.behave({ kind: "honest" });
  await comesDue(rig, id);
  await attempts(rig, id, 4);
  expect(await rig.row(id)).toMatchObject({ status: "connected", last_error_code: null });
  expect(await events(rig, id)).toEqual(["connection.created", "token.refresh_failed", "connection.recovered"]);
});

test("a ciphertext that does not open marks its connection only, is kept, and nothing is sent", async () => {
  const rig = await createRig();
  await rig.start("worker");
  const [broken, moved, whole] = [await rig.connect(), await rig.connect(), await rig.connect()];
  const before = await patch(rig, broken.id, "refresh_token = overlay(refresh_token placing 'AAAAAAAA' from 40)");
  await patch(rig, moved.id, "refresh_token = (SELECT refresh_token FROM connections WHERE id = $2)", [whole.id]);
  for (const { id } of [broken, moved, whole]) await comesDue(rig, id);
  for (const { id } of [broken, moved]) {
    expect(await attempts(rig, id, 1)).toMatchObject([{ outcome: "unreadable", error_code: "unreadable_token" }]);
    expect(await rig.row(id)).toMatchObject({ status: "error", last_error_code: "unreadable_token", generation: 1 });
  }
  expect((await rig.row(broken.id)).refresh_token).toBe(before.refresh_token);
  await attempts(rig, whole.id, 1);
  expect(await rig.row(whole.id)).toMatchObject({ status: "connected", generation: 2 });
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });
});

test("a provider that took the token and lost the answer is asked once more with care, and not again", async () => {
  const rig = await createRig();
  await rig.start("worker");
  const { id, family } = await rig.connect();
  await rig.server.behave({ kind: "cut_before_answer" });
  await comesDue(rig, id);
  expect(await attempts(rig, id, 1)).toMatchObject([{ outcome: "uncertain", error_code: "answer_lost" }]);
  await comesDue(rig, id);
  await attempts(rig, id, 2);
  const row = await rig.row(id);
  expect(row).toMatchObject({ lost_answers: 2, status: "connected" });
  expect(row.next_refresh_at).toEqual(row.expires_at);
  expect(await rig.server.presentations({ family })).toHaveLength(2);
});
