import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type LocalServer, startRedis } from "@evertoken/local";
import { Redis } from "ioredis";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

/** A primary and a replica, which change places at a failover. */
export class RedisPair {
  primary: LocalServer;
  #replica: LocalServer;
  readonly #followers: TcpProxy[] = [];

  private constructor(primary: LocalServer, replica: LocalServer) {
    this.primary = primary;
    this.#replica = replica;
  }

  static async start(directory: string): Promise<RedisPair> {
    const primary = await startRedis({ dataDir: join(directory, "redis-0") });
    const replica = await startRedis({ dataDir: join(directory, "redis-1") });
    const pair = new RedisPair(primary, replica);
    await pair.#follow(replica, primary);
    return pair;
  }

  get dataDirs(): string[] {
    return [this.primary.dataDir, this.#replica.dataDir];
  }

  async proxy(): Promise<{ proxy: TcpProxy; url: string }> {
    const proxy = await startTcpProxy({ targetPort: this.primary.port });
    this.#followers.push(proxy);
    return { proxy, url: `redis://127.0.0.1:${proxy.port}` };
  }

  /** As managed services do it: the old primary goes on as a replica, with all its connections open. */
  async failOver(): Promise<void> {
    const [old, next] = [this.primary, this.#replica];
    await command(next, "REPLICAOF", "NO", "ONE");
    for (const proxy of this.#followers) proxy.retarget(next.port);
    await this.#follow(old, next);
    this.primary = next;
    this.#replica = old;
  }

  async restart(signal: NodeJS.Signals, awayMs: number): Promise<void> {
    await this.primary.kill(signal);
    await pause(awayMs);
    await this.primary.start();
  }

  async flush(): Promise<void> {
    await command(this.primary, "FLUSHALL");
  }

  /** What it had written `agoMs` before comes back, as from a backup. */
  async restore(agoMs: number): Promise<void> {
    const live = join(this.primary.dataDir, "appendonlydir");
    const kept = `${this.primary.dataDir}.backup`;
    await rm(kept, { recursive: true, force: true });
    await cp(live, kept, { recursive: true });
    await pause(agoMs);
    await this.primary.kill("SIGKILL");
    await rm(live, { recursive: true });
    await cp(kept, live, { recursive: true });
    await this.primary.start();
  }

  async stop(): Promise<void> {
    for (const proxy of this.#followers) await proxy.stop();
    await this.primary.stop();
    await this.#replica.stop();
  }

  async #follow(replica: LocalServer, primary: LocalServer): Promise<void> {
    await command(replica, "REPLICAOF", "127.0.0.1", String(primary.port));
    const deadline = Date.now() + 30_000;
    while (!String(await command(replica, "INFO", "replication")).includes("master_link_status:up")) {
      if (Date.now() > deadline) throw new Error("the replica of Redis does not follow its primary");
      await pause(100);
    }
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function command(server: LocalServer, name: string, ...parts: string[]): Promise<unknown> {
  const redis = new Redis(server.url, { lazyConnect: true, retryStrategy: null });
  redis.on("error", () => undefined);
  await redis.connect();
  try {
    return await redis.call(name, ...parts);
  } finally {
    redis.disconnect();
  }
}
