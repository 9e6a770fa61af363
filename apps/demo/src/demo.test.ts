import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { type DemoProvider, followAuthorization, obtainGrant, startDemoProvider } from "./demo.ts";

const client = { clientId: "evertoken-demo", clientSecret: "demo secret +:" };
const redirectUri = "http://127.0.0.1:9/callback";
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "demo-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function setup({ folder = dataFolder(), port = 0 } = {}) {
  const dataFile = join(folder, "demo.sqlite");
  const provider = await startDemoProvider({ port, dataFile, ...client, redirectUris: [redirectUri] });
  cleanups.push(provider.stop);
  const grant = (login: string) => obtainGrant({ issuer: provider.issuer, ...client, redirectUri, login });
  return { provider, folder, grant };
}

const post = (url: string, form: Record<string, string>) =>
  fetch(url, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`${client.clientId}:${encodeURIComponent(client.clientSecret)}`).toString("base64")}`,
    },
    body: new URLSearchParams(form),
  });

async function refresh({ tokenUrl }: Pick<DemoProvider, "tokenUrl">, refreshToken: string) {
  const response = await post(tokenUrl, { grant_type: "refresh_token", refresh_token: refreshToken });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

const identify = (provider: DemoProvider, accessToken: string) =>
  fetch(provider.identityUrl, { headers: { authorization: `Bearer ${accessToken}` } });

test("a code flow with login, consent and PKCE gives a two-minute token and a refresh token", async () => {
  const { provider, grant } = await setup();
  const tokens = await grant("ada");
  expect(tokens).toMatchObject({ token_type: "Bearer", expires_in: 120 });
  expect(tokens.scope.split(" ")).toContain("offline_access");
  expect(await (await identify(provider, tokens.access_token)).json()).toEqual({
    sub: "ada",
    name: "ada",
    email: "ada@demo.example",
  });
  expect(await (await post(provider.introspectUrl, { token: tokens.refresh_token })).json()).toMatchObject({
    active: true,
  });
});

test("a refresh rotates, reuse revokes the whole grant, and the record shows it without a token", async () => {
  const { provider, grant } = await setup();
  const [ada, bob] = [await grant("ada"), await grant("bob")];
  const first = await refresh(provider, ada.refresh_token);
  const second = await refresh(provider, first.body.refresh_token ?? "");
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(new Set([ada.refresh_token, first.body.refresh_token, second.body.refresh_token]).size).toBe(3);
  expect(provider.record()).toMatchObject({ refreshTokens: 2, presentations: 2, granted: 2, presentedMoreThanOnce: 0 });

  expect(await refresh(provider, ada.refresh_token)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  expect(await refresh(provider, second.body.refresh_token ?? "")).toMatchObject({ status: 400 });
  expect((await identify(provider, second.body.access_token ?? "")).status).toBe(401);
  expect((await refresh(provider, bob.refresh_token)).status).toBe(200);

  const text = await (await fetch(provider.recordUrl)).text();
  expect(JSON.parse(text)).toMatchObject({
    refreshTokens: 4,
    presentations: 5,
    granted: 3,
    refused: 2,
    presentedMoreThanOnce: 1,
  });
  expect(JSON.parse(text).tokens[0]).toMatchObject({
    account: "ada",
    presented: 2,
    answers: ["granted", "invalid_grant"],
  });
  for (const token of [ada.refresh_token, second.body.refresh_token ?? "", bob.refresh_token])
    expect(text).not.toContain(token);
});

test("of many requests with one refresh token at the same time at most one is granted, and the grant is gone", async () => {
  const { provider, grant } = await setup();
  const { refresh_token } = await grant("ada");
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(provider, refresh_token)));
  const granted = answers.filter(({ status }) => status === 200);
  expect(granted.length).toBeLessThanOrEqual(1);
  expect(answers.filter(({ status }) => status === 400).length).toBe(10 - granted.length);
  for (const { body } of granted) expect((await refresh(provider, body.refresh_token ?? "")).status).toBe(400);
});

test("revocation ends the grant", async () => {
  const { provider, grant } = await setup();
  const tokens = await grant("ada");
  expect((await post(provider.revokeUrl, { token: tokens.refresh_token })).status).toBe(200);
  expect((await refresh(provider, tokens.refresh_token)).status).toBe(400);
  expect((await identify(provider, tokens.access_token)).status).toBe(401);
});

test("cancelling sends the user back with access_denied", async () => {
  const { provider } = await setup();
  const query = new URLSearchParams({
    response_type: "code",
    client_id: client.clientId,
    redirect_uri: redirectUri,
    scope: "openid offline_access",
    prompt: "consent",
    state: "s1",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
  });
  const walk = { authorizeUrl: `${provider.authorizeUrl}?${query}`, redirectUri, login: "ada" };
  const back = await followAuthorization({ ...walk, decision: "cancel" });
  expect(Object.fromEntries(back.searchParams)).toMatchObject({
    error: "access_denied",
    state: "s1",
    iss: provider.issuer,
  });
  await expect(followAuthorization({ ...walk, login: "<script>" })).rejects.toThrow("answered 400");
});

test("an interaction that nobody began is a clear page, and pages forbid scripts and frames", async () => {
  const { provider } = await setup();
  const response = await fetch(`${provider.issuer}/interaction/unknown`);
  expect(response.status).toBe(400);
  expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  expect(await response.text()).toContain("Please start again");
});

test("grants, spent tokens and the record survive a restart, and the data file holds no token", async () => {
  const { provider, folder, grant } = await setup();
  const ada = await grant("ada");
  const next = await refresh(provider, ada.refresh_token);
  const refreshToken = next.body.refresh_token ?? "";
  const stored = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
  for (const token of [refreshToken, ada.access_token, ada.refresh_token]) expect(stored.join()).not.toContain(token);

  await provider.stop();
  cleanups.pop();
  const restarted = (await setup({ folder, port: Number(new URL(provider.issuer).port) })).provider;
  expect(restarted.issuer).toBe(provider.issuer);
  expect((await identify(restarted, next.body.access_token ?? "")).status).toBe(200);
  expect((await refresh(restarted, refreshToken)).status).toBe(200);
  expect(restarted.record()).toMatchObject({ presentations: 2, granted: 2, presentedMoreThanOnce: 0 });
  expect((await refresh(restarted, refreshToken)).status).toBe(400);
});

test("as a process: kill -9 keeps grants, SIGTERM ends it cleanly, a missing secret is named", async () => {
  const folder = dataFolder();
  const run = (env: Record<string, string>) =>
    spawn(process.execPath, [fileURLToPath(new URL("./main.ts", import.meta.url))], {
      env: { DEMO_DATA_FILE: join(folder, "demo.sqlite"), DEMO_REDIRECT_URIS: redirectUri, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  const begin = async (port: string) => {
    const child = run({ DEMO_PORT: port, DEMO_CLIENT_SECRET: client.clientSecret });
    cleanups.push(() => void child.kill("SIGKILL"));
    const [line] = await once(createInterface(child.stdout), "line");
    const { issuer } = JSON.parse(String(line)) as { issuer: string };
    return { child, issuer, tokenUrl: `${issuer}/token` };
  };

  const first = await begin("0");
  const { refresh_token } = await obtainGrant({ issuer: first.issuer, ...client, redirectUri, login: "ada" });
  const next = await refresh(first, refresh_token);
  first.child.kill("SIGKILL");
  await once(first.child, "exit");

  const second = await begin(new URL(first.issuer).port);
  expect((await refresh(second, next.body.refresh_token ?? "")).status).toBe(200);
  second.child.kill("SIGTERM");
  expect(await once(second.child, "exit")).toEqual([0, null]);

  const faulty = run({ DEMO_PORT: "many" });
  const said = createInterface(faulty.stderr)[Symbol.asyncIterator]();
  const lines = [(await said.next()).value, (await said.next()).value];
  expect(lines).toEqual(["DEMO_PORT must be a whole number from 0 to 65535", "DEMO_CLIENT_SECRET is missing"]);
});
