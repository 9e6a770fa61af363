import { expect, test } from "vitest";
import { until } from "../support/rig.ts";
import { expectAllToWork, startLively, troubleAt } from "./lively.ts";
import { follow, hostsOf, type Server, serve } from "./servers.ts";
import { startSentinels } from "./start-sentinels.ts";

const role = async ({ redis }: Server) => /role:(\w+)/.exec(await redis.info("replication"))?.[1];

test("Sentinels: all that runs works, and refreshes go on when a primary hands over and dies, and Sentinels die", async () => {
  const { primary, replica, sentinels, urlOf } = await startSentinels();
  const [sentinel, ...others] = sentinels as [Server, ...Server[]];
  const lively = await startLively({ redisUrl: urlOf() });
  await expectAllToWork(lively);
  const handedOver = await lively.through("a failover was asked for", async () => {
    await sentinel.redis.call("SENTINEL", "FAILOVER", "main");
    await until("the replica is the primary", async () => (await role(replica)) === "master");
  });
  await until("the former primary follows it", () => follow([primary]), 30_000);
  const killed = await lively.through("the primary was killed", () => replica.server.kill("SIGKILL"));
  expect(await role(primary)).toBe("master");
  const alone = await lively.through("one Sentinel is left, and all connections broke", async () => {
    for (const { server } of others) await server.kill("SIGKILL");
    await primary.redis.client("KILL", "TYPE", "normal", "SKIPME", "yes");
  });
  await lively.end();
  expect(lively.warnings()).toBeLessThan(30);
  console.log("Sentinels: ms until all were refreshed twice", { handedOver, killed, alone });

  expect(await troubleAt(urlOf("other"))).toBe("master");
  expect(await troubleAt(urlOf().replace("sentinel_password=watch", "sentinel_password=x"))).toBe("credentials");
  expect(await troubleAt(`redis://${hostsOf([sentinel])}`)).toBe("sentinel");
  await expect(lively.rig.start("worker", { REDIS_URL: urlOf("other") })).rejects.toThrow(/not known to the Sentinels/);
});

test("what is no Sentinel, and one that is away, are named", async () => {
  expect(await troubleAt(`redis+sentinel://${hostsOf([await serve()])}/main`)).toBe("sentinels");
  expect(await troubleAt("redis+sentinel://127.0.0.1:1/main")).toBe("sentinels");
});
