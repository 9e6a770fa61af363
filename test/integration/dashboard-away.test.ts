import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { attempts, comesDue } from "../support/drive.ts";
import { findSecrets } from "../support/haystack.ts";
import { until } from "../support/rig.ts";
import { startOwnPostgres, startOwnRedis } from "../support/services.ts";
import { startTokenServer } from "../support/token-server.ts";
import { createDashboardRig, page } from "./dashboard-rig.ts";

const pagesOf = (id: string) => ["/", "/connections", "/connections?q=user", `/connections/${id}`, "/providers"];

test("without Redis pages tell what Postgres knows; without Postgres they say so, and nobody is logged out", async () => {
  const [postgres, redis] = [await startOwnPostgres(), await startOwnRedis()];
  const rig = await createDashboardRig({ DATABASE_URL: postgres.url, REDIS_URL: redis.url });
  const { id } = await rig.connect();
  for (const url of pagesOf(id)) expect(await rig.read(url)).not.toContain("does not answer");

  await redis.stop();
  for (const url of ["/", "/providers", `/connections/${id}`]) {
    // What is in anybody's way is remembered for some seconds.
    await expect.poll(() => rig.read(url), { message: url, timeout: 15_000 }).toContain("Redis does not answer");
    const body = await rig.read(url);
    expect(body).toContain(url === "/providers" ? "1 connected" : "onnected");
  }
  expect(await rig.read("/connections")).toContain(id);
  const refused = await rig.act(rig.operator, id, "refresh");
  expect([refused.statusCode, refused.body.includes("Redis does not answer")]).toEqual([503, true]);

  await postgres.stop();
  for (const url of pagesOf(id)) {
    const answer = await rig.operator("GET", url, page);
    expect([url, answer.statusCode, answer.body.includes("Postgres does not answer")]).toEqual([url, 503, true]);
    expect(answer.headers["set-cookie"]).toBeUndefined();
  }
  await postgres.start();
  await until("Postgres is back", async () => (await rig.operator("GET", "/", page)).statusCode === 200);
});

test("no token and no secret on any page, whatever the provider answers", async () => {
  const [marker, secret] = [`canary${randomBytes(8).toString("hex")}`, `canarysecret${randomBytes(8).toString("hex")}`];
  const server = await startTokenServer({ marker, client: { id: "client", secret } });
  const rig = await createDashboardRig({ ACME_CLIENT_SECRET: secret }, server);
  await rig.start("worker");
  const [good, bad] = [await rig.connect(), await rig.connect()];
  const said = `token ${bad.refreshToken} of secret ${secret} is not good`;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ error: "invalid_grant", error_description: said });
  await rig.server.behave({ kind: "lie", status: 400, headers, body }, { family: bad.family });
  for (const { id } of [good, bad]) {
    await comesDue(rig, id);
    await attempts(rig, id, 1);
    await rig.act(rig.operator, id, "sync");
  }
  const { rows } = await rig.pool.query("SELECT access_token, refresh_token FROM connections");
  const sealed = rows.flatMap(({ access_token, refresh_token }) => [access_token, refresh_token]).filter(Boolean);
  const urls = [
    ...pagesOf(good.id),
    `/connections/${bad.id}`,
    "/connections?state=failing",
    `/connections?q=${bad.accountId}`,
  ];
  const haystack = new Map<string, string>();
  for (const url of [...urls, "/queues", "/queues/api/queues", "/pages.css", "/pages.js"]) {
    for (const [name, browser] of [["operator", rig.operator] as const, ["viewer", rig.viewer] as const]) {
      const answer = await browser("GET", url, page);
      haystack.set(`${name} ${url}`, `${JSON.stringify(answer.headers)}\n${answer.body}`);
    }
  }
  haystack.set("reconnect link", (await rig.act(rig.operator, good.id, "reconnect-link")).body);
  haystack.set("disconnected", (await rig.act(rig.operator, good.id, "disconnect", { sure: "yes" })).body);
  haystack.set("log", rig.dashboard.logged.join("") + rig.engineOutput());
  expect(haystack.get(`operator /connections/${bad.id}`)).toContain("denied");
  expect(sealed.length).toBeGreaterThan(1);
  expect(findSecrets(haystack, [marker, secret, rig.env.ENCRYPTION_KEY as string, ...sealed])).toEqual([]);
  expect(findSecrets(new Map([["planted", `<p>${good.accessToken}</p>`]]), [marker])).toHaveLength(1);
});
