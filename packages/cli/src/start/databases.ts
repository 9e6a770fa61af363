import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeError, type Env } from "@evertoken/adapters";
import { type LocalServer, startPostgres, startRedis } from "@evertoken/local";
import { isGiven } from "../environment.ts";
import type { Narrator } from "./narrator.ts";
import type { Stoppable, Stoppables } from "./stoppables.ts";

export interface Databases {
  /** DATABASE_URL and REDIS_URL, as far as the servers are ours. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly postgres: string;
  readonly redis: string;
}

/** Brings up what the operator has not given. Postgres stops last, Redis just before. */
export async function startDatabases(
  { cwd, env, redisPassword }: { cwd: string; env: Env; redisPassword: string | undefined },
  narrator: Narrator,
  stoppables: Stoppables,
): Promise<Databases> {
  const directory = join(cwd, ".evertoken");
  const started: Record<string, LocalServer> = {};
  const bring = async (setting: string, name: string, start: () => Promise<LocalServer>) => {
    if (isGiven(env, setting)) return;
    const server = await start();
    started[setting] = server;
    stoppables.add(watch(name, server, narrator));
  };
  const onLine = narrator.say;
  await bring("DATABASE_URL", "Postgres", () => startPostgres({ dataDir: join(directory, "postgres"), onLine }));
  const protection = redisPassword === undefined ? {} : { password: redisPassword };
  await bring("REDIS_URL", "Redis", () => startRedis({ dataDir: join(directory, "redis"), onLine, ...protection }));
  const place = (setting: string) =>
    started[setting] === undefined
      ? `yours (${setting})`
      : `127.0.0.1:${started[setting].port}, data in ${started[setting].dataDir}`;
  return {
    addresses: Object.fromEntries(Object.entries(started).map(([setting, { url }]) => [setting, url])),
    postgres: place("DATABASE_URL"),
    redis: place("REDIS_URL"),
  };
}

const lookMs = 500;

/** A server that dies is started again on the same address and data; everything else waits for it meanwhile. */
function watch(name: string, server: LocalServer, narrator: Narrator): Stoppable {
  let stopping = false;
  const watching = (async () => {
    while (!stopping) {
      if (server.pid === undefined) await startAgain(name, server, narrator);
      await sleep(lookMs);
    }
  })();
  return {
    async stop() {
      stopping = true;
      await watching;
      await server.stop();
    },
    kill: () => void server.kill(),
  };
}

async function startAgain(name: string, server: LocalServer, narrator: Narrator): Promise<void> {
  narrator.event("restarting", { name }, [`${name} has ended; starting it again.`]);
  try {
    await server.start();
    narrator.event("restarted", { name }, [`${name} is back.`]);
  } catch (error) {
    narrator.say(`${name} does not start: ${describeError(error).message}`);
    await sleep(5000);
  }
}
