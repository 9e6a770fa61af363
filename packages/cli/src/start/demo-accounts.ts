import type { Env } from "@evertoken/adapters";
import { createLogger, describeError, impatient } from "@evertoken/adapters";
import type { Evertoken } from "@evertoken/engine";
import { type Engine, fromEngine, makeConnectLink, openEngine, readSettings } from "@evertoken/engine/internal";
import { readFile } from "../open.ts";
import type { DemoSettings } from "./demo-settings.ts";
import { demoGrants } from "./places.ts";
import { StartError } from "./start-error.ts";

/** What we use of apps/demo. It is loaded by place: packages do not depend on apps. */
interface Demo {
  obtainGrant(options: {
    issuer: string;
    clientId: string;
    clientSecret: string;
    redirectUri: string;
    login: string;
  }): Promise<{ access_token: string; refresh_token: string; token_type: string; expires_in: number; scope: string }>;
}

export interface DemoAccounts {
  readonly connected: number;
  readonly known: number;
  /** The earliest of all demo connections. */
  readonly firstRefreshAt: Date | null;
  /** Leads to the connect page, as the first of them; good for a day. */
  readonly connectUrl: string;
}

const dayInSeconds = 86_400;
const loginOf = (number: number) => `demo-${number}`;

/** Connects what is missing of `demo-1` to `demo-<count>` as users would: login, consent, code, tokens. */
export async function connectDemoAccounts(
  env: Env,
  demo: DemoSettings,
  count: number,
  signal: AbortSignal,
): Promise<DemoAccounts> {
  const engine = openSilently(env);
  const evertoken = fromEngine(engine);
  try {
    let connected = 0;
    const { obtainGrant } = (await import(demoGrants)) as Demo;
    for (let number = 1; number <= count; number++) {
      signal.throwIfAborted();
      const login = loginOf(number);
      if (await isConnected(evertoken, login)) continue;
      await importGrant(evertoken, login, await obtainGrant({ ...demo, login }));
      connected++;
    }
    const connectUrl = await makeConnectLink(engine, { userId: loginOf(1), ttlSeconds: dayInSeconds });
    return { connected, known: count - connected, firstRefreshAt: await firstRefresh(evertoken), connectUrl };
  } catch (error) {
    signal.throwIfAborted();
    const { message } = describeError(error);
    throw new StartError("demo_failed", `the demo accounts could not be connected: ${message}`, { cause: error });
  } finally {
    await engine.close();
  }
}

function openSilently(env: Env): Engine {
  const { config, providers } = readSettings(env, readFile);
  const logger = createLogger("start", "silent", { write: () => undefined });
  return openEngine({ config, providers, logger, redis: impatient, inJob: false, proxyEnv: env });
}

/** One that lost its grant is connected anew. */
async function isConnected({ connections }: Evertoken, userId: string): Promise<boolean> {
  const found = await connections.list({ userId, provider: "demo" });
  return found.some(({ status }) => status !== "needs_reauth" && status !== "disconnected");
}

async function importGrant(
  { connections }: Evertoken,
  login: string,
  grant: Awaited<ReturnType<Demo["obtainGrant"]>>,
): Promise<void> {
  await connections.import({
    userId: login,
    provider: "demo",
    externalAccountId: login,
    displayName: login,
    accessToken: grant.access_token,
    refreshToken: grant.refresh_token,
    tokenType: grant.token_type,
    expiresIn: grant.expires_in,
    scopes: grant.scope.split(" "),
  });
}

async function firstRefresh({ connections }: Evertoken): Promise<Date | null> {
  const found = await connections.list({ provider: "demo", limit: 1000 });
  const times = found.flatMap(({ nextRefreshAt }) => (nextRefreshAt === null ? [] : [nextRefreshAt.getTime()]));
  return times.length === 0 ? null : new Date(Math.max(Date.now(), Math.min(...times)));
}
