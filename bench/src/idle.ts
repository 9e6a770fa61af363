import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Ground, openGround, provider } from "./ground.ts";
import { startedHere, usageOf } from "./process-tree.ts";

const windowSeconds = Number(process.env.BENCH_IDLE_SECONDS ?? 300);

/**
 * What many connections cost while nothing is due: all processes together, as a share of one core, over one turn of each task that comes every few
 * minutes. Before that all jobs are rebuilt by a scheduler that finds an empty Redis.
 */
export async function measureIdle(connections: number): Promise<object[]> {
  const ground = await openGround();
  const apps: App[] = [];
  try {
    await seedIdle(ground, connections);
    const { redis } = ground.queues;
    await redis.flushall();
    const empty = await info(ground, "memory", "used_memory");
    const scheduler = await startApp("scheduler", ground.env);
    apps.push(scheduler);
    const rebuilt = await scheduler.line(({ task, scheduled }) => task === "reconcile" && scheduled === connections);
    const bytesEach = ((await info(ground, "memory", "used_memory")) - empty) / connections;
    const atRebuild = usageOf(scheduler.pid);
    const before = await info(ground, "clients", "connected_clients");
    apps.push(await startApp("worker", ground.env));
    const ofWorker = (await info(ground, "clients", "connected_clients")) - before;
    apps.push(await startApp("api", ground.env), await startApp("dashboard", ground.env));
    const next = await scheduler.line(({ task, scheduled }) => task === "reconcile" && scheduled === 0);
    const pids = [...startedHere()];
    const usage = () => pids.map(([, pid]) => usageOf(pid).cpuSeconds);
    const [first, started] = [usage(), performance.now()];
    await wait(windowSeconds * 1000);
    const [last, seconds] = [usage(), (performance.now() - started) / 1000];
    const shares = pids.map(([name], index) => [name, ((last[index] ?? 0) - (first[index] ?? 0)) / seconds] as const);
    const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
    return [
      {
        ...{ connections, rebuildSeconds: Number(rebuilt.durationMs) / 1000, bytesEach: Math.round(bytesEach) },
        ...{ reconcileSeconds: Number(next.durationMs) / 1000, redisConnectionsOfWorker: ofWorker },
        ...{ schedulerMb: usageOf(scheduler.pid).residentMb, schedulerMostMb: atRebuild.mostResidentMb },
        ...Object.fromEntries(shares.map(([name, share]) => [name, percent(share)])),
        together: percent(shares.filter(([name]) => name !== "node").reduce((sum, [, share]) => sum + share, 0)),
      },
    ];
  } finally {
    for (const app of apps) await app.stop();
    await ground.close();
  }
}

async function seedIdle({ pool }: Ground, count: number): Promise<void> {
  const client = await pool.connect();
  const patient = { query_timeout: 1_200_000 };
  // Without the terms that they are searched by.
  await client.query("SET statement_timeout = 0; SET session_replication_role = replica");
  const slice = 50_000;
  for (let first = 1; first <= count; first += slice) {
    const text = `INSERT INTO connections (id, user_id, provider, external_account_id, access_token, refresh_token, token_type, scopes,
        expires_at, next_refresh_at, last_refresh_at, grant_hash)
      SELECT gen_random_uuid(), 'user-' || n, $3, 'account-' || n, rpad('v1.', 260, md5(n::text)), rpad('v1.', 200, md5(n::text)), 'Bearer',
        '{profile}', due + interval '5 minutes', due, now(), md5(n::text)
      FROM generate_series($1::int, $2::int) n, LATERAL (SELECT now() + interval '30 days' + n * interval '1 second' AS due) d`;
    const values = [first, Math.min(first + slice - 1, count), provider];
    await client.query({ text, values, ...patient } as never);
  }
  await client.query({ text: "VACUUM ANALYZE connections", ...patient } as never);
  client.release(true);
}

async function info({ queues }: Ground, section: string, name: string): Promise<number> {
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(await queues.redis.info(section))?.[1]);
}

interface App {
  readonly pid: number;
  /** The first such line that comes, or came. */
  line(matches: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

const own = {
  SCHEDULER_PORT: "0",
  WORKER_PORT: "0",
  API_PORT: "0",
  DASHBOARD_PORT: "0",
  EVERTOKEN_API_KEY: "k".repeat(40),
};

async function startApp(name: string, env: Record<string, string>): Promise<App> {
  const main = fileURLToPath(import.meta.resolve(`../../apps/${name}/src/main.ts`));
  const child: ChildProcess = spawn(process.execPath, [main], {
    env: {
      ...{ PATH: process.env.PATH, ...env, ...own, DASHBOARD_PASSWORD: "a password for the bench" },
      LOG_LEVEL: "info",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines: Record<string, unknown>[] = [];
  const reader = createInterface(child.stdout as NonNullable<ChildProcess["stdout"]>);
  reader.on("line", (line) => line.startsWith("{") && lines.push(JSON.parse(line)));
  const line = async (matches: (line: Record<string, unknown>) => boolean) => {
    for (;;) {
      const found = lines.find(matches);
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
      await wait(100);
    }
  };
  await line(({ msg }) => String(msg).startsWith(`${name} ready`));
  return {
    ...{ pid: child.pid as number, line },
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
