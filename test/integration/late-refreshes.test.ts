import { expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { patch } from "../support/drive.ts";
import { createRig, hasty, providerEnv, type Rig, type Row, until } from "../support/rig.ts";
import { startTokenServer } from "../support/token-server.ts";

/** A connection of each, an hour late. */
async function lateAt(rig: Rig, ...providers: string[]): Promise<string[]> {
  const connected = await Promise.all(providers.map((provider) => rig.connect({ provider })));
  for (const { id } of connected) await patch(rig, id, "next_refresh_at = now() - interval '1 hour'");
  return connected.map(({ id }) => id);
}

test("of many late providers each is named: a circuit, a limit or a pause of one hides no other", async () => {
  const server = await startTokenServer();
  const names = ["acme", "beta", "gamma", "delta"];
  const env = Object.assign({}, ...names.map((name) => providerEnv(name, server)));
  const rig = await createRig({ server, env: { ...hasty, ...env, EVERTOKEN_GENERIC_PROVIDERS: names.join(",") } });
  const [, , gamma, delta] = await lateAt(rig, ...names);
  await rig.pool.query(
    `INSERT INTO circuits (provider, registration, fingerprint, open, code, reason, opened_at, next_probe_at, trouble_since, round_started_at)
     VALUES ('acme', 'default', 'f', true, 'unknown_answer', 'odd', now(), now() + interval '1 hour', now(), now())`,
  );
  await rig.pool.query(
    `INSERT INTO provider_states (provider, registration, fingerprint, throttled_until)
     VALUES ('beta', 'default', 'f', now() + interval '10 minutes')`,
  );
  await rig.queues.refreshQueue("delta").pause();

  const status = await runInProcess(["status", "--json"], { env: rig.env });
  const { late, paused } = JSON.parse(status.stdout) as { late: Row[]; paused: string[] };
  expect(paused).toEqual(["refresh-delta"]);
  expect(late.sort((a, b) => String(a.provider).localeCompare(String(b.provider)))).toMatchObject([
    { provider: "delta", count: 1, connectionId: delta, paused: true },
    { provider: "gamma", count: 1, connectionId: gamma, paused: false },
  ]);

  const doctor = await runInProcess(["doctor"], { env: rig.env });
  for (const said of [
    /gamma: 1 late, the oldest by 1 h/,
    /delta: 1 late/,
    /its queue is paused/,
    /refresh-delta is paused/,
  ])
    expect(doctor.stdout).toMatch(said);
  expect(doctor.stdout).not.toMatch(/(acme|beta): 1 late/);
});

test("a worker says that a queue is paused, which is no fault of its own", async () => {
  const rig = await createRig();
  await rig.queues.refreshQueue("acme").pause();
  await lateAt(rig, "acme");
  const worker = await rig.start("worker");
  const progress = async () =>
    ((await (await fetch(`http://127.0.0.1:${worker.port}/readyz`)).json()) as { checks: Row }).checks.progress;
  await until("the pause is seen", async () => (await progress()) === "ok, paused are refresh-acme", 25_000);
});
