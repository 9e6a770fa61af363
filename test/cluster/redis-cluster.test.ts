import { spawnSync } from "node:child_process";
import { queuePrefix } from "@evertoken/adapters";
import { expect, test } from "vitest";
import { createRig, type Rig, until } from "../support/rig.ts";
import { expectAllToWork, type Lively, startLively, troubleAt } from "./lively.ts";
import { follow, hostsOf, type Server, serve } from "./servers.ts";
import { masterOf, startCluster } from "./start-cluster.ts";

/** Of the slot in which the jobs of refreshes are. */
const masterOfJobs = (servers: readonly Server[], rig: Rig) =>
  masterOf(servers, `${queuePrefix(rig.env.REDIS_PREFIX as string, "refresh-acme")}:look`);

async function changeMasters(servers: readonly Server[], lively: Lively) {
  const master = await masterOfJobs(servers, lively.rig);
  const killed = await lively.through("a master was killed", () => master.server.kill("SIGKILL"));
  await master.server.start();
  await until("it follows the new one", () => follow([master]), 20_000);
  const handedOver = await lively.through("a master handed over", async () => {
    await master.redis.call("CLUSTER", "FAILOVER");
    await until("the new one is the old one", async () => (await masterOfJobs(servers, lively.rig)) === master);
  });
  // BullMQ pauses for five seconds, or more, after an error that is none of a broken connection.
  expect(handedOver).toBeLessThan(10_000);
  return { killed, handedOver };
}

test("a cluster: all that runs works, and refreshes go on when masters die, hand over and freeze", async () => {
  const { servers, url } = await startCluster(3);
  const lively = await startLively({ redisUrl: url });
  await expectAllToWork(lively);
  const took = await changeMasters(servers, lively);
  const { server } = await masterOfJobs(servers, lively.rig);
  const froze = await lively.through("a master froze", () => server.kill("SIGSTOP"));
  await server.kill("SIGCONT");
  await lively.end();
  expect(lively.warnings()).toBeLessThan(30);
  console.log("a cluster: ms until all were refreshed twice", { ...took, froze });

  expect(await troubleAt(`redis://app:secret@${hostsOf(servers.slice(0, 1))}`)).toBe("cluster");
});

test("one server given as a cluster, and a cluster that nobody answers for, are named", async () => {
  const single = `redis+cluster://app:secret@${hostsOf([await serve()])}`;
  expect(await troubleAt(single)).toBe("single");
  expect(await troubleAt(single.replace("secret", "wrong"))).toBe("credentials");
  expect(await troubleAt("redis+cluster://127.0.0.1:1")).toBe("away");
  const rig = await createRig();
  await expect(rig.start("worker", { REDIS_URL: single })).rejects.toThrow(/ended with 1[\s\S]*is no Redis Cluster/);
});

const hasValkey = spawnSync("valkey-server", ["--version"]).status === 0;
test.skipIf(!hasValkey)("the same on Valkey (skipped where there is no valkey-server)", async () => {
  const { servers, url } = await startCluster(3, { file: "valkey-server" });
  const lively = await startLively({ redisUrl: url });
  await changeMasters(servers, lively);
  await lively.end();
});
