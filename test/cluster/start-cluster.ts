import { freePort } from "@evertoken/local";
import { until } from "../support/rig.ts";
import { follow, hostsOf, type ServeOptions, type Server, serve, succeeds } from "./servers.ts";

interface Node extends Server {
  readonly busPort: number;
}

const slotsOf = [
  [0, 5460],
  [5461, 10_922],
  [10_923, 16_383],
] as const;

/** Three masters, and a replica each if so wanted; the URL names some of them. */
export async function startCluster(replicas: 0 | 3, options: ServeOptions = {}) {
  const nodes = await Promise.all(Array.from({ length: 3 + replicas }, () => serveNode(options)));
  await Promise.all(nodes.map(({ redis }, index) => redis.cluster("SET-CONFIG-EPOCH", index + 1)));
  const [first, ...others] = nodes as [Node, ...Node[]];
  for (const { server, busPort } of others)
    await first.redis.call("CLUSTER", "MEET", "127.0.0.1", server.port, busPort);
  await Promise.all(slotsOf.map((slots, index) => nodes[index]?.redis.call("CLUSTER", "ADDSLOTSRANGE", ...slots)));
  await until("all know each other", () => agree(nodes));
  for (const [index, replica] of nodes.slice(3).entries())
    await replica.redis.cluster("REPLICATE", await (nodes[index] as Node).redis.cluster("MYID"));
  await until("the replicas follow", () => follow(nodes.slice(3)));
  const scheme = options.tls ? "rediss+cluster" : "redis+cluster";
  return { servers: nodes as readonly Server[], url: `${scheme}://app:secret@${hostsOf(nodes.slice(0, 2))}` };
}

async function serveNode({ conf, ...options }: ServeOptions): Promise<Node> {
  const busPort = await freePort();
  const clustered = { "cluster-enabled": "yes", "cluster-port": String(busPort), "cluster-node-timeout": "1000" };
  const overTls: Record<string, string> = options.tls ? { "tls-cluster": "yes", "tls-replication": "yes" } : {};
  const quick = { "repl-diskless-sync-delay": "0" };
  return { busPort, ...(await serve({ ...options, conf: { ...clustered, ...overTls, ...quick, ...conf } })) };
}

async function agree(nodes: readonly Server[]): Promise<boolean> {
  const wanted = new RegExp(`cluster_state:ok[\\s\\S]*cluster_known_nodes:${nodes.length}`);
  const infos = await Promise.all(nodes.map(({ redis }) => redis.cluster("INFO")));
  return infos.every((info) => wanted.test(info));
}

/** Which node takes writes for a key. */
export function masterOf(servers: readonly Server[], key: string): Promise<Server> {
  const find = async () => {
    const living = servers.filter(({ server }) => server.pid !== undefined);
    const takes = await Promise.all(living.map(({ redis }) => succeeds(redis.set(key, "1"))));
    return living[takes.indexOf(true)];
  };
  return until(`a master has ${key}`, find, 30_000);
}
