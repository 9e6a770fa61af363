import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { Queue, QueueEvents } from "bullmq";
import { Redis } from "ioredis";
import { beforeAll, expect, test } from "vitest";
import { until } from "../support/rig.ts";
import {
  endedUser,
  examples,
  type Installation,
  makeJourney,
  startExample,
  startInstallation,
} from "./example-journey.ts";

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation();
});

test.each([
  ["Express", "express/src/main.cts"],
  ["Fastify", "fastify/src/main.ts"],
])("an app on %s connects, calls the API, and takes webhooks", async (_, main) => {
  await journeyOf([process.execPath, main]);
});

test("an app on NestJS does, built as its package says", async () => {
  await promisify(execFile)("npm", ["run", "build"], { cwd: join(examples, "nestjs") });
  await journeyOf([process.execPath, "nestjs/dist/main.js"]);
});

test("a BullMQ worker of an app calls the API, has a token renewed, and does not try again what only a user can mend", async () => {
  const env = { ...(await installation.settle()), REDIS_URL: installation.rig.env.REDIS_URL as string };
  const { id, accessToken } = await installation.rig.connect({ userId: "worker", provider: "acme" });
  const app = await startExample([process.execPath, "bullmq-worker/src/main.ts"], env);
  const connection = new Redis(env.REDIS_URL, { maxRetriesPerRequest: null });
  const queue = new Queue("accounts", { connection });
  const events = new QueueEvents("accounts", { connection: connection.duplicate() });
  const account = { userId: "worker", provider: "acme" };
  const retried = { attempts: 5, backoff: 100 };
  const run = async (name: string, data: object) =>
    (await queue.add(name, data, retried)).waitUntilFinished(events, 20_000);
  try {
    await installation.rig.server.invalidateAccessToken(accessToken);
    expect(await run("read", account)).toMatchObject({ name: expect.stringMatching(/^Account /) });
    expect(await installation.rig.row(id)).toMatchObject({ generation: 2 });
    expect(await run("renew", account)).toMatchObject({ connectionId: id });
    await until("it was renewed", async () => (await installation.rig.row(id)).generation === 3);
    await expect(run("read", { userId: endedUser, provider: "acme" })).rejects.toThrow("refresh_token_expired");
    expect(await queue.getFailed()).toMatchObject([{ attemptsMade: 1 }]);
  } finally {
    await Promise.all([events.close(), queue.close()]);
    connection.disconnect();
  }
  expect(await app.stop("SIGTERM")).toBe(0);
  expect(app.output()).not.toContain("canary");
});

async function journeyOf(command: readonly string[]): Promise<void> {
  const env = await installation.settle();
  const app = await startExample(command, env);
  await makeJourney(installation, app, env.APP_URL, command.join(" "));
  expect(await app.stop("SIGTERM")).toBe(0);
}
