import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { prefixOf } from "@evertoken/providers";
import { beforeAll, describe, expect, it } from "vitest";
import { badCertificates } from "../contract/bad-certificates.ts";
import { localhostCertificate } from "../contract/localhost-certificate.ts";
import { type FaultServer, type NetworkFault, networkFaults, startFaultServer } from "../contract/network-faults.ts";
import type { AppProcess } from "../support/app-process.ts";
import { comesDue, events } from "../support/drive.ts";
import { createRig, hasty, type LogRow, type Rig, until } from "../support/rig.ts";
import { onFileEnd, temporaryDirectory } from "../support/services.ts";

// Each fault is a provider of its own, with single-use refresh tokens, and happens once: what follows shows whether the
// connection came through. All meet their faults at the same time, in one worker.
const idOf = ({ name }: NetworkFault) => `net-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
const mends = ({ url }: NetworkFault) => url === undefined;
const requestTimeoutMs = 2000;

let rig: Rig;
let worker: AppProcess;
const servers = new Map<string, FaultServer>();
const connections = new Map<string, string>();

beforeAll(async () => {
  await Promise.all(networkFaults.map(async (fault) => servers.set(idOf(fault), await startFaultServer(fault, 1))));
  onFileEnd(async () => {
    for (const server of servers.values()) server.close();
  });
  // A worker that begins with so many providers at once may come late to what it has claimed, and then sends nothing.
  const slow = { LEASE_MS: "12000", UNKNOWN_PROBE_MS: "1000", THROTTLE_MS: "1000" };
  rig = await createRig({ env: { ...hasty, ...slow, ...faultyProviders() } });
  worker = await rig.start("worker", { NODE_EXTRA_CA_CERTS: await trusted() });
  for (const fault of networkFaults) {
    const { id } = await rig.client.connections.import({
      userId: idOf(fault),
      provider: idOf(fault),
      accessToken: `old-access.${idOf(fault)}`,
      refreshToken: `old-refresh.${idOf(fault)}`,
      expiresIn: 1800,
    });
    connections.set(idOf(fault), id);
  }
  await Promise.all([...connections.values()].map((id) => rig.client.scheduleNow(id)));
});

function faultyProviders(): Record<string, string> {
  const env: Record<string, string> = { EVERTOKEN_GENERIC_PROVIDERS: networkFaults.map(idOf).join(",") };
  for (const fault of networkFaults) {
    const prefix = prefixOf(idOf(fault));
    env[`${prefix}_TOKEN_URL`] = servers.get(idOf(fault))?.url ?? "";
    env[`${prefix}_CLIENT_ID`] = "client";
    env[`${prefix}_CLIENT_SECRET`] = "client-secret";
    env[`${prefix}_ROTATION`] = "single_use";
  }
  return env;
}

/** The stranger is missing. */
async function trusted(): Promise<string> {
  const file = join(await temporaryDirectory(), "authorities.pem");
  const known = [localhostCertificate, badCertificates.expired, badCertificates.elsewhere];
  await writeFile(file, known.map(({ cert }) => cert).join(""));
  return file;
}

function connectionOf(fault: NetworkFault): string {
  return connections.get(idOf(fault)) ?? "";
}

/** The log of a connection once so many attempts stand in it. */
function attempts(fault: NetworkFault, count: number): Promise<LogRow[]> {
  return until(
    `${fault.name}: ${count} attempts`,
    async () => {
      const rows = await rig.log(connectionOf(fault));
      return rows.length >= count && rows;
    },
    30_000,
  );
}

const named = (faults: readonly NetworkFault[]) => faults.map((fault) => [fault.name, fault] as const);
const broken = networkFaults.filter(({ outcome }) => outcome !== "granted");

describe.each(named(networkFaults))("%s", (_, fault) => {
  it(`is judged ${fault.outcome}, in time`, async () => {
    const [first] = await attempts(fault, 1);
    expect(first).toMatchObject({ outcome: fault.outcome, success: fault.outcome === "granted" });
    expect(first?.duration_ms).toBeLessThan(fault.slow === true ? requestTimeoutMs + 1000 : requestTimeoutMs);
  });
});

describe.each(named(networkFaults.filter(({ outcome }) => outcome === "granted")))("%s", (_, fault) => {
  it("costs nothing: the tokens are stored at once", async () => {
    expect(await rig.row(connectionOf(fault))).toMatchObject({ status: "connected", generation: 2, lost_answers: 0 });
    expect(await rig.client.getAccessToken(connectionOf(fault))).toMatchObject({ accessToken: "fresh-access" });
    expect(servers.get(idOf(fault))?.requests()).toBe(1);
  });
});

describe.each(named(broken.filter(mends)))("%s", (_, fault) => {
  it("passes: the next attempt is granted, and nothing is left of the fault", async () => {
    if (fault.outcome === "uncertain") {
      await attempts(fault, 1);
      await comesDue(rig, connectionOf(fault));
    }
    const rows = await attempts(fault, 2);
    expect(rows.map(({ outcome }) => outcome)).toEqual([fault.outcome, "granted"]);
    expect(await rig.row(connectionOf(fault))).toMatchObject({
      status: "connected",
      generation: 2,
      lost_answers: 0,
      consecutive_failures: 0,
      failing_since: null,
      last_error_code: null,
    });
    expect(await rig.client.getAccessToken(connectionOf(fault))).toMatchObject({ accessToken: "fresh-access" });
    // Only an answer that nobody has described makes a connection unhealthy, until a probe shows that it is not.
    const told = fault.outcome === "unknown" ? ["token.refresh_failed", "connection.recovered"] : [];
    expect(await events(rig, connectionOf(fault))).toEqual(["connection.created", ...told]);
    // What was unsent never arrived; everything else arrived once, and once again when it was healthy.
    expect(servers.get(idOf(fault))?.requests()).toBe(fault.outcome === "unsent" ? 1 : 2);
  });
});

describe.each(named(broken.filter((fault) => !mends(fault))))("%s", (_, fault) => {
  it("lasts: the connection stays healthy while its token lives, and is tried again", async () => {
    const rows = await attempts(fault, 4);
    expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set([fault.outcome]));
    const row = await rig.row(connectionOf(fault));
    expect(row).toMatchObject({ status: "connected", generation: 1, last_error_code: "provider_unavailable" });
    expect(row.next_refresh_at).not.toBeNull();
    expect(await rig.client.getAccessToken(connectionOf(fault))).toMatchObject({
      accessToken: `old-access.${idOf(fault)}`,
    });
  });
});

it("all of them together leave the worker small and silent about tokens", () => {
  const status = readFileSync(`/proc/${worker.child.pid}/status`, "utf8");
  const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
  console.log(`bad networks: the worker peaked at ${Math.round(peakMiB)} MiB`);
  expect(peakMiB).toBeLessThan(600);
  const secrets = ["old-access.", "old-refresh.", "fresh-access", "fresh-refresh", "client-secret"];
  expect(secrets.filter((secret) => worker.output().includes(secret))).toEqual([]);
});
