import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { closedPort } from "../support/closed-port.ts";
import { inherited } from "../support/inherited.ts";
import { createRig, type Env, hasty, type Rig, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { startTokenServer } from "../support/token-server.ts";

export const examples = fileURLToPath(new URL("../../examples/", import.meta.url));

/** An example in a process of its own, as its README says to start it. */
export interface Example {
  output(): string;
  /** @returns the exit code */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** @throws with all that it printed when it ends before it is ready */
export async function startExample(command: readonly string[], env: Env, cwd = examples): Promise<Example> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd,
    env: { ...inherited(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const exited = once(child, "exit");
  const stop = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return (await exited)[0] as number | null;
  };
  onFileEnd(() => stop("SIGKILL"));
  await until(`${command.join(" ")} is ready`, async () => {
    if (child.exitCode !== null) throw new Error(`${command.join(" ")} ended:\n${output}`);
    return output.includes("ready");
  });
  return { output: () => output, stop };
}

/** Follows redirects from the app to the provider and back, with the cookies of each site. @param later headers after the first request */
export async function browse(start: string, first: Headers = {}, later = first): Promise<Response> {
  const browser = new Map<string, string>();
  for (let url = start, hops = 0; hops < 10; hops++) {
    const { origin } = new URL(url);
    const cookie = browser.get(origin);
    const headers = { ...(hops === 0 ? first : later), ...(cookie === undefined ? {} : { cookie }) };
    const answer = await fetch(url, { redirect: "manual", headers });
    const given = answer.headers.getSetCookie().map((each) => each.split(";")[0]);
    if (given.length > 0) browser.set(origin, given.join("; "));
    const next = answer.headers.get("location");
    if (next === null) return answer;
    url = new URL(next, url).href;
  }
  throw new Error("too many redirects");
}

type Headers = Readonly<Record<string, string>>;

/** A running Evertoken for apps that reach it over HTTP, and a provider whose API is theirs to call. */
export interface Installation {
  readonly rig: Rig;
  /** An app's settings: where it runs, and its key and webhook secret. */
  settle(): Promise<Env & { APP_URL: string }>;
}

export async function startInstallation(): Promise<Installation> {
  const server = await startTokenServer();
  const port = String(await closedPort());
  const publicUrl = `http://127.0.0.1:${port}`;
  const appUrls = await Promise.all(Array.from({ length: 8 }, async () => `http://127.0.0.1:${await closedPort()}`));
  const adminKey = randomBytes(32).toString("base64url");
  const env = {
    ...hasty,
    ...{ ACME_AUTHORIZE_URL: server.authorizeUrl, ACME_SCOPES: "profile" },
    ...{ API_PORT: port, PUBLIC_URL: publicUrl, RETURN_URL_ALLOWLIST: appUrls.join(), EVERTOKEN_API_KEY: adminKey },
  };
  const rig = await createRig({ server, env });
  await importEnded(rig);
  await Promise.all([rig.start("api"), rig.start("worker")]);
  const ask = async (path: string, body: object) => {
    const headers = { authorization: `Bearer ${adminKey}`, "content-type": "application/json" };
    const answer = await fetch(`${publicUrl}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(201);
    return (await answer.json()) as Record<string, string>;
  };
  return {
    rig,
    async settle() {
      const appUrl = appUrls.pop() as string;
      const { key = "" } = await ask("/v1/api-keys", { name: appUrl, scopes: ["tokens:read", "connections:write"] });
      const { secret = "" } = await ask("/v1/webhooks", { target: `${appUrl}/webhooks/evertoken` });
      return {
        ...{ EVERTOKEN_URL: publicUrl, EVERTOKEN_KEY: key, EVERTOKEN_WEBHOOK_SECRET: secret },
        ...{ APP_URL: appUrl, APP_API_URL: server.identityUrl },
      };
    },
  };
}

/** What every example app does: connect, call the API with a token that was refused once, send the user to reconnect, verify webhooks. */
export async function makeJourney({ rig }: Installation, app: Example, url: string, userId: string): Promise<void> {
  const headers = { "x-user": userId };
  expect(await fetch(url).then((page) => page.text())).toContain('href="/connect/');
  const landed = await browse(`${url}/connect/acme`, headers);
  expect([landed.status, await landed.json()]).toEqual([200, { connected: "acme" }]);

  const account = (user = userId) => fetch(`${url}/account/acme`, { headers: { "x-user": user } });
  const target = { userId, provider: "acme" };
  const first = await account();
  const who = await first.json();
  expect([first.status, who]).toEqual([200, { sub: expect.any(String), name: expect.stringMatching(/^Account /) }]);
  const before = await rig.client.getAccessToken(target);
  await rig.server.invalidateAccessToken(before.accessToken);
  expect(await account().then((answer) => answer.json())).toEqual(who);
  const { generation } = await rig.client.getAccessToken(target);
  expect(generation).toBe(before.generation + 1);

  // The way out was sent on to somebody else: what comes back for another session is dropped.
  const foreign = await browse(`${url}/connect/acme`, headers, { "x-user": `${userId}-other` });
  expect([foreign.status, await foreign.json()]).toMatchObject([400, { code: "confirmed_for_another" }]);

  const told = `webhook connection.created of connection ${before.connectionId}`;
  await until("the webhook is verified", async () => app.output().includes(told));
  const forged = { "webhook-id": "evt_1", "webhook-timestamp": String(Math.floor(Date.now() / 1000)) };
  const refused = await fetch(`${url}/webhooks/evertoken`, {
    method: "POST",
    headers: { ...forged, "webhook-signature": "v1,AAAA", "content-type": "application/json" },
    body: '{"type":"connection.created"}',
  });
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("webhook_refused")]);

  expect((await account("nobody")).status).toBe(502);
  const lost = await account(endedUser);
  expect([lost.status, await lost.json()]).toEqual([
    409,
    { code: "refresh_token_expired", reconnectUrl: expect.stringMatching(/^http/) },
  ]);
  expect(app.output()).not.toContain("canary");
}

export const endedUser = "ended";

/** An imported account whose consent was taken back at the provider, and whose token has ended. One for all: several would be a mass denial. */
async function importEnded(rig: Rig): Promise<void> {
  const [issued] = await rig.server.issue();
  if (issued === undefined) throw new Error("the server issued nothing");
  await rig.server.revokeFamily(issued.family);
  const { accessToken, refreshToken, scopes } = issued;
  const tokens = { accessToken, refreshToken, scopes, expiresAt: new Date(Date.now() - 1000) };
  await rig.client.connections.import({ userId: endedUser, provider: "acme", ...tokens });
}
