import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askEvertoken, canary, emptyDirectory, runEvertoken, runInProcess } from "./evertoken-command.ts";

// Never printed: `canary` stands at the start of each token of an answer.
const granted = JSON.stringify({ access_token: `${canary}-a`, refresh_token: `${canary}-r`, expires_in: 3600 });

test("show prints what the file says and the masked request, with the operator's endpoints", async () => {
  const env = {
    SPOTIFY_CLIENT_ID: "my-id",
    SPOTIFY_CLIENT_SECRET: `${canary}-secret`,
    SPOTIFY_TOKEN_URL: "https://sandbox.example/token",
  };
  const { code, stdout } = await runEvertoken(["providers", "show", "spotify"], { env });
  expect(code).toBe(0);
  expect(stdout).toContain("POST https://sandbox.example/token\n");
  expect(stdout).toContain("authorization: Basic base64(CLIENT_ID:***)\n");
  expect(stdout).toContain("grant_type=refresh_token&refresh_token=***");
  expect(stdout).toMatch(/token lives +1 h/);
  const { answer } = await askEvertoken(["providers", "show", "shopify"]);
  expect(answer).toMatchObject({
    id: "shopify",
    refreshRequest: { method: "POST" },
    unconfirmed: [expect.any(String)],
  });
  expect((await runEvertoken(["providers", "show", "clickup"])).stdout).toContain("nothing is sent");
});

test("check judges an answer from a file, from standard input and with its head", async () => {
  const file = join(await emptyDirectory(), "answer.json");
  await writeFile(file, '{"error":"invalid_grant","error_description":"Refresh token has expired"}');
  const denied = await runEvertoken(["providers", "check", "box", "--answer", file, "--status", "400"]);
  expect([denied.code, denied.stdout]).toEqual([0, expect.stringMatching(/judged +denied\n[\s\S]*asked to reconnect/)]);

  const whole = `HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n\r\n{"error":"slow"}`;
  const limited = await askEvertoken(["providers", "check", "box", "--answer", "-"], { input: whole });
  expect(limited.answer).toMatchObject({ kind: "throttled", retryAfterMs: 7000, httpStatus: 429 });

  const kept = await runInProcess(["providers", "check", "box", "--answer", "-", "--status", "200"], {
    input: granted,
  });
  expect(kept.stdout).toMatch(/judged +granted\n[\s\S]*access token +\*\*\*/);
  const odd = await runInProcess(["providers", "check", "box", "--answer", "-", "--status", "418"], { input: "tea" });
  expect(odd.stdout).toContain("Nobody has described this answer");
});

test("check without an answer runs the samples of the file", async () => {
  const { code, stdout } = await runInProcess(["providers", "check", "hubspot"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/app removed +400 +denied +denied/);
});

test("wrong use is told", async () => {
  const unknown = await runInProcess(["providers", "show", "hubspt"]);
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('there is no provider "hubspt"')]);
  const status = await runInProcess(["providers", "check", "box", "--answer", "-"], { input: granted });
  expect([status.code, status.stderr]).toEqual([2, expect.stringContaining("--status 400")]);
  const file = await runInProcess(["providers", "check", "box", "--answer", "/nowhere/at-all", "--status", "400"]);
  expect([file.code, file.stderr]).toEqual([1, expect.stringContaining("cannot be read (ENOENT)")]);
});

test("the list is what `providers` alone prints", async () => {
  const [bare, list] = await Promise.all([runInProcess(["providers"]), runInProcess(["providers", "list"])]);
  expect(bare).toEqual(list);
  expect(bare.stdout).toMatch(/strava +no/);
});
