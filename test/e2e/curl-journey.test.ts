import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { closedPort } from "../support/closed-port.ts";
import { startDemo } from "../support/connect-rig.ts";
import { createRig, type Env } from "../support/rig.ts";
import { temporaryDirectory } from "../support/services.ts";

const script = fileURLToPath(new URL("../../examples/curl/journey.sh", import.meta.url));
const followMain = fileURLToPath(new URL("../support/follow-main.ts", import.meta.url));

async function startAll() {
  const port = String(await closedPort());
  const publicUrl = `http://127.0.0.1:${port}`;
  const redirectUri = `${publicUrl}/connect/callback/demo`;
  const { demo, env } = await startDemo([redirectUri]);
  const adminKey = randomBytes(32).toString("base64url");
  const own = { API_PORT: port, PUBLIC_URL: publicUrl, RETURN_URL_ALLOWLIST: "https://app.example" };
  const rig = await createRig({ env: { ...env, ...own, EVERTOKEN_API_KEY: adminKey } });
  const [api, worker] = await Promise.all([rig.start("api"), rig.start("worker")]);
  const headers = { authorization: `Bearer ${adminKey}`, "content-type": "application/json" };
  const body = JSON.stringify({ name: "journey", scopes: ["tokens:read", "connections:write"] });
  const made = await fetch(`${publicUrl}/v1/api-keys`, { method: "POST", headers, body });
  const { key } = (await made.json()) as { key: string };
  return { rig, demo, api, worker, publicUrl, redirectUri, key, adminKey };
}

/** The script wants one program that takes one address. */
async function writeFollow(redirectUri: string): Promise<string> {
  const path = join(await temporaryDirectory(), "follow");
  await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${followMain}' "$1" '${redirectUri}'\n`);
  await chmod(path, 0o755);
  return path;
}

async function run(env: Env): Promise<{ code: number | null; output: string }> {
  const child = spawn("bash", [script], { env: { PATH: process.env.PATH, ...env } });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, output: out + err };
}

test("with curl and a shell: connect, read a token, refresh, sync, health, disconnect", async () => {
  const { rig, demo, api, worker, publicUrl, redirectUri, key, adminKey } = await startAll();
  const settings = {
    ...{ EVERTOKEN_URL: publicUrl, EVERTOKEN_API_KEY: key, PROVIDER: "demo", API_URL: demo.identityUrl },
    ...{ RETURN_URL: "https://app.example/done", FOLLOW: await writeFollow(redirectUri) },
  };
  const { code, output } = await run(settings);
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain("the provider takes it");
  // Which ones depends on whether the initial sync has refreshed the demo's short-lived token before.
  expect(output).toMatch(/generation \d became \d/);
  expect(output).toContain("revoked: yes");
  expect(output).not.toContain(key);
  // That a sync succeeded the script itself has seen; the second one, beside the initial one, may have met the disconnecting.
  const { rows } = await rig.pool.query("SELECT status, access_token FROM connections");
  expect(rows).toEqual([{ status: "disconnected", access_token: null }]);
  const log = await fetch(`${publicUrl}/v1/audit`, { headers: { authorization: `Bearer ${adminKey}` } });
  const { data } = (await log.json()) as { data: { action: string; detail: { count?: number } }[] };
  const actions = (counted: boolean) =>
    data.filter(({ detail }) => (detail.count !== undefined) === counted).map(({ action }) => action);
  expect(actions(false).reverse()).toEqual([
    ...["api_key.created", "connect.begun", "connect.pending", "connection.connected", "connect.confirmed"],
    ...["connection.refreshed", "sync.requested", "connection.disconnected"],
  ]);
  // The last read is refused, and its error tells where to reconnect.
  expect(new Set(actions(true))).toEqual(new Set(["token.read", "connect.link_made"]));
  for (const { output } of [api, worker]) expect(output()).not.toContain(key);
  const wrong = await run({ ...settings, EVERTOKEN_API_KEY: `evk_${"x".repeat(43)}` });
  expect(wrong.code).not.toBe(0);
  expect(wrong.output).toContain("wrong_key");
});
