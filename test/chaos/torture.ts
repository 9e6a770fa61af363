import type { LocalServer } from "@evertoken/local";
import type { AppProcess } from "../support/app-process.ts";
import type { Env, Rig } from "../support/rig.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";

export interface Victims {
  readonly rig: Rig;
  readonly appEnv: Env;
  readonly postgres: LocalServer;
  readonly redis: LocalServer;
  readonly proxies: Readonly<Record<"postgres" | "redis" | "provider", TcpProxy>>;
  /** By place: two workers and a scheduler. A killed one is replaced. */
  readonly apps: AppProcess[];
  /** All that ever ran, for their output. */
  readonly everyApp: AppProcess[];
  /** When a process was killed. */
  readonly killedAtMs: number[];
  /** When the connections to the provider were cut. */
  readonly cutAtMs: number[];
}

type Fault = (victims: Victims, random: () => number) => Promise<void>;

const pick = <T>(items: readonly T[], random: () => number): T => items[Math.floor(random() * items.length)] as T;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The deaths that the engine has to live with, by name; each leaves everything running again. */
const faults: Readonly<Record<string, Fault>> = {
  async killWorker(victims, random) {
    await kill(victims, random() < 0.5 ? 0 : 1);
    await pause(random() * 1000);
    await revive(victims);
  },
  async killScheduler(victims) {
    await kill(victims, 2);
    await revive(victims);
  },
  async killPostgres({ postgres }, random) {
    await postgres.kill(random() < 0.5 ? "SIGKILL" : "SIGINT");
    await pause(random() * 1500);
    await postgres.start();
  },
  async killWorkerWhilePostgresIsAway(victims, random) {
    await victims.postgres.kill("SIGINT");
    await pause(200 + random() * 300);
    await kill(victims, random() < 0.5 ? 0 : 1);
    await victims.postgres.start();
    await revive(victims);
  },
  async killRedis({ redis }, random) {
    await redis.kill(random() < 0.5 ? "SIGKILL" : "SIGTERM");
    await pause(random() * 2000);
    await redis.start();
  },
  async emptyRedis({ rig }) {
    await rig.queues.redis.flushall();
  },
  async emptyRedisWhilePostgresIsAway({ rig, postgres }, random) {
    await postgres.kill("SIGINT");
    await pause(200 + random() * 300);
    await rig.queues.redis.flushall();
    await postgres.start();
  },
  cutPostgres: async ({ proxies }) => proxies.postgres.cut(),
  cutRedis: async ({ proxies }) => proxies.redis.cut(),
  async cutProvider({ proxies, cutAtMs }) {
    cutAtMs.push(Date.now());
    proxies.provider.cut();
  },
};

async function kill({ apps, killedAtMs }: Victims, place: number): Promise<void> {
  killedAtMs.push(Date.now());
  await apps[place]?.stop("SIGKILL");
}

/** As a supervisor would: whatever ended is started again. */
async function revive({ rig, appEnv, apps, everyApp }: Victims): Promise<void> {
  for (const [place, app] of apps.entries()) {
    if (app.child.exitCode === null && app.child.signalCode === null) continue;
    const started = await rig.start(place === 2 ? "scheduler" : "worker", appEnv);
    apps[place] = started;
    everyApp.push(started);
  }
}

/** Each kind of fault comes round, in an order that the seed gives, until the time is over. @returns what was done */
export async function torment(
  victims: Victims,
  random: () => number,
  durationMs: number,
): Promise<Record<string, number>> {
  const done: Record<string, number> = {};
  const end = Date.now() + durationMs;
  let left: string[] = [];
  while (Date.now() < end) {
    if (left.length === 0) left = Object.keys(faults);
    const name = pick(left, random);
    left = left.filter((other) => other !== name);
    await faults[name]?.(victims, random);
    done[name] = (done[name] ?? 0) + 1;
    await pause(300 + random() * 1200);
  }
  await revive(victims);
  return done;
}
