import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findRedisBinary, freePort, LocalServer } from "@evertoken/local";
import { until } from "../support/rig.ts";
import { onFileEnd, temporaryDirectory } from "../support/services.ts";
import { connect, follow, hostsOf, type Server, serve } from "./servers.ts";

/** The default user, and that of Evertoken's processes, with what the guide says that it needs. */
const users = `user default on nopass ~* &* +@all
user looker on >watch -@all +auth +hello +ping +sentinel|get-master-addr-by-name +sentinel|sentinels
`;
const login = "sentinel_username=looker&sentinel_password=watch";

/** A primary, a replica, and three Sentinels that call the primary `main`; the URL names two of them. */
export async function startSentinels() {
  const [primary, replica] = await Promise.all([serve(), serve({ conf: { "repl-diskless-sync-delay": "0" } })]);
  await replica.redis.replicaof("127.0.0.1", primary.server.port);
  await until("the replica follows", () => follow([replica]));
  const sentinels = await Promise.all([watch(primary), watch(primary), watch(primary)]);
  await until("the Sentinels know each other, and the replica", async () => {
    const states = await Promise.all(sentinels.map(({ redis }) => redis.info("sentinel")));
    return states.every((state) => /name=main,status=ok.*slaves=1,sentinels=3/.test(state));
  });
  const urlOf = (name = "main") => `redis+sentinel://app:secret@${hostsOf(sentinels.slice(0, 2))}/${name}?${login}`;
  return { primary, replica, sentinels, urlOf };
}

async function watch(primary: Server): Promise<Server> {
  const directory = await temporaryDirectory();
  const [port, conf, acl] = [await freePort(), join(directory, "sentinel.conf"), join(directory, "users.acl")];
  await writeFile(acl, users);
  const lines = [
    ...[`port ${port}`, "bind 127.0.0.1", `dir ${directory}`, `aclfile ${acl}`],
    ...[`sentinel monitor main 127.0.0.1 ${primary.server.port} 2`, "sentinel down-after-milliseconds main 1000"],
    "sentinel failover-timeout main 2000",
  ];
  await writeFile(conf, `${lines.join("\n")}\n`);
  const server = new LocalServer({
    ...{ name: "Sentinel", url: `redis://127.0.0.1:${port}`, port, dataDir: join(directory, "redis") },
    command: { file: await findRedisBinary(), args: [conf, "--sentinel"] },
    ...{ readyLine: "+monitor master main", stopSignal: "SIGTERM" },
  });
  await server.start();
  onFileEnd(() => server.stop());
  return { server, redis: connect({ port }) };
}
