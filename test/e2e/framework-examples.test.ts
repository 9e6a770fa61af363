import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { examples, type Installation, makeJourney, startExample, startInstallation } from "./example-journey.ts";

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

async function journeyOf(command: readonly string[]): Promise<void> {
  const env = await installation.settle();
  const app = await startExample(command, env);
  await makeJourney(installation, app, env.APP_URL, command.join(" "));
  expect(await app.stop("SIGTERM")).toBe(0);
}
