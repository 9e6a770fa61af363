import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { freePort } from "./free-port.ts";
import { LocalServer } from "./local-server.ts";
import { redisConf } from "./places.ts";
import { findRedisBinary } from "./redis-binary.ts";

export type RedisOptions = {
  /** Created when missing; what is in it survives. */
  dataDir: string;
  port?: number;
  /** Without one everybody on this machine may command it. Of characters that a URL takes as they are. */
  password?: string;
  /** redis.conf directives on top of deploy/redis.conf, for instance `{ databases: "512" }`. */
  conf?: Record<string, string>;
  /** In place of the one that the machine has. */
  file?: string;
  /** Told in one line when Redis has to be fetched first. */
  onLine?: (line: string) => void;
};

/**
 * Redis or Valkey on loopback, with the settings of deploy/redis.conf.
 *
 * @throws {LocalServiceError} `not_installed`, `data_dir_in_use` or `start_failed`
 */
export async function startRedis(options: RedisOptions): Promise<LocalServer> {
  const file = options.file ?? (await findRedisBinary(options.onLine));
  const dataDir = resolve(options.dataDir);
  const port = options.port ?? (await freePort());
  await mkdir(dataDir, { recursive: true });
  const conf = {
    ...{ port: String(port), bind: "127.0.0.1", dir: dataDir, daemonize: "no" },
    ...(options.password === undefined ? {} : { include: await writePassword(dataDir, options.password) }),
    ...options.conf,
  };
  // A copy: a Sentinel has the server write what it became into its file.
  const confFile = join(dataDir, "redis.conf");
  await copyFile(redisConf, confFile);
  const server = new LocalServer({
    name: "Redis",
    url: `redis://${options.password === undefined ? "" : `:${options.password}@`}127.0.0.1:${port}`,
    port,
    dataDir,
    command: { file, args: [confFile, ...Object.entries(conf).flatMap(([name, value]) => [`--${name}`, value])] },
    readyLine: "Ready to accept connections",
    stopSignal: "SIGTERM",
    // The port of a server that was killed a moment ago.
    retryLine: "Address already in use",
  });
  await server.start();
  return server;
}

/** In a file of its owner's, since arguments can be read by everybody on the machine. */
async function writePassword(dataDir: string, password: string): Promise<string> {
  const path = join(dataDir, "password.conf");
  await writeFile(path, `requirepass ${password}\n`, { mode: 0o600 });
  return path;
}
