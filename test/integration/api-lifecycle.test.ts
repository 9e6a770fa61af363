import { expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { until } from "../support/rig.ts";
import { startApi } from "./api-harness.ts";

test("told to stop, it answers what is under way, takes nothing new, and ends with 0", async () => {
  const api = await startApi();
  const { id } = await api.rig.connect();
  await patch(api.rig, id, "expires_at = now()");
  await api.rig.server.configure({ latencyMs: 1500 });
  const reading = api.ask(`GET /v1/connections/${id}/token`);
  await until("the refresh is under way", async () => (await api.rig.row(id)).lease_owner !== null);
  const ended = api.app.stop();
  await until("it takes nothing new", () =>
    fetch(`${api.url}/healthz`).then(
      () => false,
      () => true,
    ),
  );
  expect(await reading).toMatchObject({ status: 200, body: { generation: 2 } });
  expect(await ended).toBe(0);
});

test("a bulk refresh outlives the worker that runs it", async () => {
  const api = await startApi({ env: { SHUTDOWN_MS: "10000" } });
  const { rig } = api;
  const { id } = await rig.connect();
  const queue = rig.queues.refreshQueue(rig.provider);
  await queue.pause();
  const first = await rig.start("worker");
  const { body } = await api.ask("POST /v1/refreshes", { body: { provider: "acme" } });
  const state = async () => (await api.ask(`GET /v1/refreshes/${body.id}`)).body;
  await until("it runs", async () => (await state()).pending === 1);
  expect(await first.stop()).toBe(0);
  expect((await state()).state).not.toBe("completed");
  await queue.resume();
  await rig.start("worker");
  const done = await until("it is over", async () => {
    const found = await state();
    return found.state === "completed" && found;
  });
  expect(done).toMatchObject({ total: 1, refreshed: 1, failed: 0, pending: 0 });
  expect((await rig.row(id)).generation).toBe(2);
});

test("a thousand readers of one stale token over HTTP cause one request to the provider", async () => {
  const api = await startApi();
  const { id } = await api.rig.connect();
  await patch(api.rig, id, "expires_at = now()");
  const answers = await Promise.all(Array.from({ length: 1000 }, () => api.ask(`GET /v1/connections/${id}/token`)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(1);
  expect(await api.rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });
});

test("of a hundred callers whose token the provider's API refused one refreshes, the others get what it got", async () => {
  const api = await startApi();
  const { id } = await api.rig.connect();
  const refused = () => api.ask(`POST /v1/connections/${id}/refresh`, { body: { generation: 1 } });
  const answers = await Promise.all(Array.from({ length: 100 }, refused));
  for (const { status, body } of answers)
    expect({ status, generation: body.generation }).toEqual({ status: 200, generation: 2 });
  expect(await api.rig.server.summary()).toMatchObject({ requests: 1 });
  expect((await refused()).body).toMatchObject({ generation: 2, warning: null });
  expect(await api.rig.server.summary()).toMatchObject({ requests: 1 });
  await patch(api.rig, id, "expires_at = now()");
  expect((await refused()).body).toMatchObject({ generation: 3 });
  await api.ask(`DELETE /v1/connections/${id}`);
  await api.refused(`POST /v1/connections/${id}/refresh`, 409, "disconnected", { body: { generation: 1 } });
});
