import { Cluster, type ClusterNode, type ClusterOptions, Redis, type RedisOptions } from "ioredis";
import { isReplaced, lacksMaster, type Said } from "./redis-trouble.ts";
import { tolerantInfo } from "./tolerant-info.ts";

/** A node that fails, a slot that moves: the others are asked where it is by now. */
const lookAgainMs = 100;

/** Where else a key is, that we waited long enough, that a connection broke: no reason for anything. */
const saysNothing = /^(MOVED|ASK) |^Command timed out|^Connection is closed/;

/**
 * A Redis Cluster, which leads by itself to whoever has a key. Commands wait for a failover as long as they do on one server: for ever where
 * nobody waits for them (`maxRetriesPerRequest` null), else until `commandTimeout`, counted from the moment they were asked for.
 */
export class FollowingCluster extends Cluster {
  onTrouble: (error: Error) => void = () => {};
  /** What a node or the way to it said last against us, and when. */
  trouble: Said | null = null;
  /** A trial write that is still to be answered: another one would tell nothing more. */
  trial: Promise<unknown> | null = null;
  readonly #hosts: readonly ClusterNode[];

  constructor(hosts: readonly ClusterNode[], options: RedisOptions, clusterOptions: ClusterOptions = {}) {
    super([...hosts], { ...optionsOf(options), ...clusterOptions });
    this.#hosts = hosts;
    let unheard = false;
    this.on("ready", () => {
      unheard = false;
    });
    this.on("error", (error: Error & { lastNodeError?: Error }) => {
      this.#note(error.lastNodeError ?? error);
      unheard = true;
    });
    this.on("node error", (error: Error) => {
      this.#note(error);
      this.onTrouble(error);
    });
    this.on("+node", (node: Redis) => {
      // Whom nobody answered is asked once more in a way that says why.
      if (unheard) node.connect().catch(() => {});
      node.info = (...given: unknown[]) =>
        tolerantInfo((...sections) => Redis.prototype.info.apply(node, sections as [string]), given);
    });
    // Nothing of ours subscribes, and each cluster object would hold a connection for it.
    Object.assign(this, { subscriber: { start() {}, stop() {}, getInstance: () => null } });
  }

  // biome-ignore lint/suspicious/noExplicitAny: some of its overloads take a callback.
  override info(...given: any[]): Promise<string> {
    return tolerantInfo((...sections) => super.info(...(sections as [string])), given);
  }

  /** By itself ioredis counts only from when a node is asked. */
  override sendCommand(...given: Parameters<Cluster["sendCommand"]>): unknown {
    const timeout = this.options.redisOptions?.commandTimeout;
    if (timeout !== undefined) given[0].setTimeout(timeout);
    return super.sendCommand(...given);
  }

  /** A master that has become a replica lets go of who waits there: as after a broken connection, another one has the key. */
  override handleError(error: Error, ...how: Rest<Parameters<Cluster["handleError"]>>): void {
    this.#note(error);
    super.handleError(isReplaced(error) ? new Error("Connection is closed.") : error, ...how);
  }

  #note(error: Error): void {
    if (saysNothing.test(error.message)) return;
    this.trouble = { error: error.message.startsWith("CLUSTERDOWN") ? lacksMaster() : error, at: Date.now() };
  }

  /** Blocking connections are copies. */
  override duplicate(hosts: ClusterNode[] = [], options: ClusterOptions = {}): FollowingCluster {
    const { redisOptions = {} } = this.options;
    const copy = new FollowingCluster(hosts.length > 0 ? hosts : this.#hosts, redisOptions, {
      ...this.options,
      ...options,
    });
    copy.onTrouble = this.onTrouble;
    return copy;
  }
}

type Rest<T extends unknown[]> = T extends [unknown, ...infer R] ? R : never;

function optionsOf({ lazyConnect = false, enableOfflineQueue = true, ...redisOptions }: RedisOptions): ClusterOptions {
  return {
    ...{ lazyConnect, enableOfflineQueue, redisOptions },
    ...(redisOptions.maxRetriesPerRequest === null && { maxRedirections: Number.POSITIVE_INFINITY }),
    ...{ retryDelayOnMoved: lookAgainMs, retryDelayOnFailover: lookAgainMs, retryDelayOnClusterDown: lookAgainMs },
    clusterRetryStrategy: (times) => Math.min(times * 200, 2000),
    slotsRefreshTimeout: 2000,
    // It would keep us away from a cluster that lacks a part, and not say why: commands do.
    enableReadyCheck: false,
    // Certificates are for names, and a name may lead elsewhere tomorrow.
    dnsLookup: (name, found) => found(null, name),
  };
}
