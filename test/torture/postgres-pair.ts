import { execFile } from "node:child_process";
import { cp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type LocalServer, startPostgres } from "@evertoken/local";
import { Client, type QueryResult } from "pg";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

const run = promisify(execFile);

interface Standby {
  readonly server: LocalServer;
  /** What the primary writes comes through here, and late. */
  readonly link: TcpProxy;
}

/** A primary, and a standby that follows it some hundred milliseconds late, as an asynchronous replica does. */
export class PostgresPair {
  primary: LocalServer;
  readonly #directory: string;
  readonly #onLog: (line: string) => void;
  /** In front of the primary, whichever that is. */
  readonly #followers: TcpProxy[] = [];
  #standby: Standby | null = null;
  #copies = 0;

  private constructor(primary: LocalServer, directory: string, onLog: (line: string) => void) {
    this.primary = primary;
    this.#directory = directory;
    this.#onLog = onLog;
  }

  static async start(directory: string, onLog: (line: string) => void): Promise<PostgresPair> {
    const primary = await startPostgres({ dataDir: join(directory, "postgres-0"), settings, onLog });
    return new PostgresPair(primary, directory, onLog);
  }

  /** A proxy to the primary, and to the next one after a failover. @returns its URL too */
  async proxy(): Promise<{ proxy: TcpProxy; url: string }> {
    const proxy = await startTcpProxy({ targetPort: this.primary.port });
    this.#followers.push(proxy);
    const url = new URL(this.primary.url);
    url.port = String(proxy.port);
    return { proxy, url: url.href };
  }

  /** All of its processes, which each have a session of their own. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    const pid = this.primary.pid;
    if (pid === undefined) return;
    for (const each of [pid, ...(await childrenOf(pid))]) {
      try {
        process.kill(each, signal);
      } catch {
        // A backend that ended meanwhile.
      }
    }
  }

  /** Copies the primary as it runs, and has the copy follow it, so late. */
  async addStandby(lagMs: number): Promise<void> {
    if (this.#standby !== null) return;
    this.#copies += 1;
    const dataDir = join(this.#directory, `postgres-${this.#copies}`);
    await this.#copyTo(dataDir);
    const link = await startTcpProxy({ targetPort: this.primary.port });
    link.delay(lagMs);
    const { username, password } = new URL(this.primary.url);
    const follow = `host=127.0.0.1 port=${link.port} user=${username} password=${password}`;
    await writeFile(join(dataDir, "standby.signal"), "");
    const server = await startPostgres({
      ...{ dataDir, onLog: this.#onLog },
      settings: { ...settings, primary_conninfo: follow },
    });
    this.#standby = { server, link };
    // It begins with what was written while it was copied.
    const behind = "SELECT extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 AS ms";
    for (const deadline = Date.now() + 30_000; Number((await query(server.url, behind)).rows[0]?.ms) > lagMs + 200; ) {
      if (Date.now() > deadline) throw new Error("the standby does not come near its primary");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The primary dies with what it had not passed on; the standby takes its place. @returns false without a standby */
  async failOver(): Promise<boolean> {
    const standby = this.#standby;
    if (standby === null) return false;
    this.#standby = null;
    await this.primary.kill("SIGKILL");
    standby.link.cut();
    await standby.link.refuse();
    await query(standby.server.url, "SELECT pg_promote(true, 60)");
    for (const proxy of this.#followers) {
      proxy.retarget(standby.server.port);
      proxy.cut();
    }
    const dead = this.primary;
    this.primary = standby.server;
    await standby.link.stop();
    await dead.stop();
    await rm(dead.dataDir, { recursive: true, force: true });
    return true;
  }

  /** Holds these rows as a transaction does that somebody forgot. */
  async lockRows(ids: readonly string[], until: Promise<unknown>): Promise<void> {
    const client = await connect(this.primary.url);
    try {
      await client.query("BEGIN");
      await client.query("SELECT FROM connections WHERE id = ANY($1) ORDER BY id FOR UPDATE", [ids]);
      await until;
      await client.query("ROLLBACK");
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    for (const proxy of this.#followers) await proxy.stop();
    await this.#standby?.server.stop();
    await this.#standby?.link.stop();
    await this.primary.stop();
  }

  async #copyTo(dataDir: string): Promise<void> {
    const client = await connect(this.primary.url);
    try {
      await client.query("SELECT pg_backup_start('torture', true)");
      // Files come and go while it copies; what a copy lacks is in the log that it replays.
      await run("cp", ["-a", this.primary.dataDir, dataDir]).catch(() => undefined);
      const { rows } = await client.query<{ labelfile: string }>("SELECT labelfile FROM pg_backup_stop(false)");
      await rm(join(dataDir, "postmaster.pid"), { force: true });
      const slots = join(dataDir, "pg_replslot");
      for (const name of await readdir(slots)) await rm(join(slots, name), { recursive: true });
      await writeFile(join(dataDir, "backup_label"), rows[0]?.labelfile ?? "");
      await cp(`${this.primary.dataDir}.password`, `${dataDir}.password`);
      const { uid, gid } = await stat(this.primary.dataDir);
      await run("chown", [`${uid}:${gid}`, join(dataDir, "backup_label")]);
    } finally {
      await client.end();
    }
  }
}

const settings = { fsync: "off", full_page_writes: "on", wal_keep_size: "512MB", log_checkpoints: "off" };

async function query(url: string, sql: string): Promise<QueryResult> {
  const client = await connect(url);
  return client.query(sql).finally(() => client.end());
}

/** What happens to it is told by its queries. */
async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await run("ps", ["-o", "pid=", "--ppid", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.split("\n").map(Number).filter(Boolean);
}
