import { createKeyring } from "@evertoken/adapters";
import { expect } from "vitest";
import type { AppProcess } from "../support/app-process.ts";
import { comesDue } from "../support/drive.ts";
import { type Connected, createRig, type Env, hasty, type Rig, type RigOptions, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import type { TokenServerSettings } from "../support/token-server.ts";

/** As `hasty`, and jobs of dead workers are taken over in a second or two instead of half a minute. */
const swift: Env = { ...hasty, JOB_LOCK_MS: "1500", JOB_STALLED_CHECK_MS: "500" };

/** What a provider does with a spent refresh token: the same fact for the engine and for the token server. */
export interface Rotation {
  readonly name: "none" | "grace" | "single_use";
  readonly env: Env;
  readonly server: TokenServerSettings["rotation"];
}

export const rotations: readonly Rotation[] = [
  { name: "none", env: { ACME_ROTATION: "none" }, server: "off" },
  { name: "grace", env: { ACME_ROTATION: "grace", ACME_GRACE_SECONDS: "60" }, server: { graceSeconds: 60 } },
  { name: "single_use", env: { ACME_ROTATION: "single_use" }, server: "strict" },
];

export async function createChaosRig({
  rotation,
  ...options
}: RigOptions & { rotation?: Rotation } = {}): Promise<Rig> {
  const rig = await createRig({ ...options, env: { ...swift, ...rotation?.env, ...options.env } });
  if (rotation !== undefined) await rig.server.configure({ rotation: rotation.server });
  return rig;
}

/** A proxy in front of a service, and the service's URL through it. */
export async function proxyTo(url: string): Promise<{ proxy: TcpProxy; url: string }> {
  const address = new URL(url);
  const proxy = await startTcpProxy({ targetPort: Number(address.port) });
  onFileEnd(() => proxy.stop());
  address.port = String(proxy.port);
  return { proxy, url: address.href };
}

/** Resolves when data that mentions `text` comes to the proxy; that data, and all after it, vanishes. */
export function swallowAt(proxy: TcpProxy, text: string): Promise<void> {
  return new Promise((resolve) => {
    let met = false;
    proxy.intercept((direction, data) => {
      if (!met && direction === "toTarget" && data.includes(text)) {
        met = true;
        resolve();
      }
      return met ? "swallow" : "pass";
    });
  });
}

export async function storedRefreshToken(rig: Rig, id: string): Promise<string> {
  const row = await rig.row(id);
  return createKeyring([rig.env.ENCRYPTION_KEY as string]).open(row.refresh_token, row, "refresh_token");
}

export async function generationReached(rig: Rig, id: string, generation: number, timeoutMs = 20_000): Promise<void> {
  const reached = async () => (await rig.row(id)).generation >= generation;
  await until(`generation ${generation} of ${id}`, reached, timeoutMs);
}

/** Connected, with the very refresh token that the provider would take next, and the job that will spend it. */
export async function expectHealthy(rig: Rig, { id }: Pick<Connected, "id">, generation: number): Promise<void> {
  expect(await rig.row(id)).toMatchObject({ status: "connected", generation, lease_owner: null });
  const [state] = await rig.server.inspect([await storedRefreshToken(rig, id)]);
  expect(state).toMatchObject({ state: "current", alive: true });
  await until("the next job is there", async () => (await rig.job({ id, generation }))?.state === "delayed");
}

/** A single-use token whose answer was lost waits for the last minute of its access token: that is now. */
export async function carefulRetryComesDue(rig: Rig, { id }: Pick<Connected, "id">): Promise<void> {
  const row = await until(
    "the answer counts as lost",
    async () => {
      const now = await rig.row(id);
      return now.lost_answers === 1 && now;
    },
    20_000,
  );
  expect(row.not_before).toEqual(row.next_refresh_at);
  expect(row.expires_at - row.not_before).toBeGreaterThan(50_000);
  expect(row.expires_at - row.not_before).toBeLessThan(70_000);
  await comesDue(rig, id);
}

export async function outcomes(rig: Rig, id: string): Promise<string[]> {
  return (await rig.log(id)).map(({ outcome }) => outcome);
}

/** Resolves when the app has logged a line with this text. */
export async function logged(app: AppProcess, text: string, timeoutMs = 15_000): Promise<void> {
  await until(`"${text}" is logged`, async () => app.output().includes(text), timeoutMs);
}

/** The token server's mark stands at the start of every token. */
export function expectNoToken(...outputs: readonly string[]): void {
  for (const output of outputs) expect(output).not.toContain("canary");
}
