import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { AppProcess } from "../support/app-process.ts";
import type { Rig } from "../support/rig.ts";
import { createChaosRig, expectHealthy } from "./chaos.ts";

const two = { WORKER_PROCESSES: "2" };

/** Process ids of the two that work, by what they log. */
const parts = (worker: AppProcess) =>
  worker
    .lines()
    .filter(({ msg }) => msg === "worker process ready")
    .map(({ pid }) => Number(pid));

const ask = (worker: AppProcess, path: string) => fetch(`http://127.0.0.1:${worker.port}${path}`);

async function refreshesCounted(worker: AppProcess): Promise<number> {
  const text = await (await ask(worker, "/metrics")).text();
  const counts = [...text.matchAll(/^evertoken_refreshes_total\{.*\} (\d+)$/gm)].map(([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function refreshMany(rig: Rig, count: number) {
  const connections = await Promise.all(Array.from({ length: count }, () => rig.connect()));
  await Promise.all(connections.map(({ id }) => rig.client.scheduleNow(id)));
  return connections;
}

/** Whether it works yet: one that has ended stays in the table until its parent has asked. */
const lives = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

test("both work, one that is killed is started again, and what it counted stays counted", async () => {
  const rig = await createChaosRig({ env: two });
  const worker = await rig.start("worker");
  expect(parts(worker)).toHaveLength(2);
  const gate = await rig.server.hold();
  const connections = await refreshMany(rig, 60);
  // Its concurrency as a whole, whoever takes more of it.
  await rig.server.holding({ id: gate, atLeast: 50 });
  await rig.server.release(gate);
  for (const connection of connections) {
    await expect.poll(async () => (await rig.row(connection.id)).generation, { timeout: 20_000 }).toBe(2);
  }
  expect(await refreshesCounted(worker)).toBe(60);
  expect(await (await ask(worker, "/readyz")).json()).toMatchObject({ ready: true, checks: { processes: "ok" } });
  const refreshing = worker.lines().filter(({ outcome }) => outcome === "granted");
  expect(new Set(refreshing.map(({ pid }) => pid)).size).toBe(2);

  process.kill(parts(worker)[0] as number, "SIGKILL");
  await expect.poll(() => parts(worker).length, { timeout: 20_000 }).toBe(3);
  expect(worker.output()).toContain("a process of this worker has ended, and is started again");
  await refreshMany(rig, 20);
  await expect.poll(() => refreshesCounted(worker), { timeout: 20_000 }).toBe(80);
  expect(await rig.server.summary()).toMatchObject({ requests: 80, granted: 80, repeated: 0 });
  expect(await worker.stop()).toBe(0);
  expect(parts(worker).filter(lives)).toEqual([]);
});

test.each(["SIGTERM", "SIGKILL"] as const)(
  "%s of the supervisor with refreshes in flight: all of them finish and commit, and no process is left",
  async (signal) => {
    const env = { ...two, REQUEST_TIMEOUT_MS: "10000", LEASE_MS: "25000", SHUTDOWN_MS: "15000" };
    const rig = await createChaosRig({ env });
    const worker = await rig.start("worker");
    const gate = await rig.server.hold();
    const connections = await refreshMany(rig, 20);
    await rig.server.holding({ id: gate, atLeast: 20 });
    const stopping = worker.stop(signal);
    await rig.server.release(gate);
    expect(await stopping).toBe(signal === "SIGTERM" ? 0 : "SIGKILL");
    await expect.poll(() => parts(worker).filter(lives), { timeout: 20_000 }).toEqual([]);
    for (const { id } of connections) expect(await rig.row(id)).toMatchObject({ generation: 2, lease_owner: null });
    expect(await rig.server.summary()).toMatchObject({ requests: 20, granted: 20, repeated: 0 });
    await rig.start("worker");
    for (const connection of connections) await expectHealthy(rig, connection, 2);
  },
);

test("what hinders them all is said once, with the exit code of one process", async () => {
  const rig = await createChaosRig({ env: two });
  const wrong = rig.start("worker", { ACME_TOKEN_URL: "nonsense" });
  const output = await wrong.then(
    () => "started",
    (error: Error) => error.message,
  );
  expect(output).toMatch(/^worker ended with 2:/);
  expect(output.match(/tokenUrl: must be a URL/g)).toHaveLength(1);
});
