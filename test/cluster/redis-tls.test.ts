import { expect, test } from "vitest";
import { createRig, until } from "../support/rig.ts";
import { expectAllToWork, redisOf, startLively, troubleAt } from "./lively.ts";
import { certificates, serve } from "./servers.ts";
import { startCluster } from "./start-cluster.ts";

const { ca, cert, key } = certificates;
const files = { REDIS_TLS_CA_FILE: ca, REDIS_TLS_CERT_FILE: cert, REDIS_TLS_KEY_FILE: key };

test("one server with TLS, an authority of its own, client certificates and a user with few rights", async () => {
  const { server } = await serve({ tls: true, conf: { "tls-auth-clients": "yes" } });
  const redisUrl = `rediss://app:secret@localhost:${server.port}`;
  const lively = await startLively({ redisUrl, files });
  await expectAllToWork(lively);
  await lively.through("the server died and came back", async () => {
    await server.kill("SIGKILL");
    await server.start();
  });
  await lively.end();
  expect(await troubleAt({ ...lively.rig.env, REDIS_TLS_CA_FILE: "" })).toBe("tls");
});

test("a cluster over TLS, which is found by name; one that lacks a master is told from one that is away", async () => {
  const { servers, url } = await startCluster(0, { tls: true });
  const rig = await createRig({ redisUrl: url.replaceAll("127.0.0.1", "localhost"), files });
  const worker = await rig.start("worker");
  const { id } = await rig.connect({ expiresIn: 1 });
  await until("it is refreshed", async () => (await rig.row(id)).generation >= 2);
  await servers[2]?.server.kill("SIGKILL");
  await until("readiness tells", async () => (await redisOf(worker)) === "lacks a master for some keys", 20_000);
  expect(await troubleAt(rig.env)).toBe("slots");
  expect(await worker.stop()).toBe(0);
  expect(await troubleAt({ ...rig.env, REDIS_TLS_CA_FILE: "" })).toBe("tls");
});
