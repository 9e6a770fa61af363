import { registrations, storedProviders } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { openTestEngine } from "../support/connect-rig.ts";
import { createRig } from "../support/rig.ts";
import { startTokenServer } from "../support/token-server.ts";
import { startApi } from "./api-harness.ts";

test("settings that were pasted with something around them work, and are named; never by value", async () => {
  const server = await startTokenServer({ client: { id: "client", secret: "canary-secret" } });
  const plain = await createRig({ server });
  const quoted = (name: string) => `"${plain.env[name]}"\n`;
  const env = {
    ...plain.env,
    ...{
      DATABASE_URL: quoted("DATABASE_URL"),
      REDIS_URL: quoted("REDIS_URL"),
      ENCRYPTION_KEY: quoted("ENCRYPTION_KEY"),
    },
    ...{ ACME_CLIENT_ID: " 'client'", ACME_CLIENT_SECRET: "Bearer canary-secret\n" },
  };
  const { id } = await plain.connect();
  const { stdout, stderr, code } = await runInProcess(["refresh", id], { env: { ...env, LOG_LEVEL: "warn" } });
  expect([code, stdout]).toEqual([0, expect.stringContaining("efreshed")]);
  for (const name of ["DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEY", "ACME_CLIENT_ID", "ACME_CLIENT_SECRET"]) {
    expect(stderr).toMatch(new RegExp(`settings: ${name}: .* taken off`));
  }
  expect((await runInProcess(["doctor"], { env })).stdout).toContain(
    'ACME_CLIENT_SECRET: white space and "Bearer" around it',
  );
});

test("tokens of an import, and a client registration, are taken as they were meant, with a word", async () => {
  const rig = await createRig();
  const { engine, engineOutput } = openTestEngine(rig.env);
  const [issued] = await rig.server.issue();
  const imported = await rig.client.connections.import({
    ...{ userId: "u", provider: "acme", expiresIn: 1800 },
    ...{ accessToken: `Bearer ${issued?.accessToken}`, refreshToken: ` "${issued?.refreshToken}"\r\n` },
  });
  expect(imported.warnings).toEqual([
    'accessToken: "Bearer" around it taken off',
    "refreshToken: white space and quotes around it taken off",
  ]);
  expect(await rig.client.getAccessToken(imported.id)).toMatchObject({ accessToken: issued?.accessToken });
  expect(await rig.client.refresh(imported.id)).toMatchObject({ generation: 2 });

  const secret = { provider: "acme", name: "white-label", clientId: "client\n", clientSecret: "'canary-secret'" };
  expect(await registrations.save(engine, secret)).toMatchObject({ clientId: "client" });
  expect(await engine.registrations.find("acme", "white-label")).toEqual({
    ...{ clientId: "client", clientSecret: "canary-secret" },
  });
  const endpoints = { authorizeUrl: `${rig.server.url}/authorize`, tokenUrl: rig.server.tokenUrl };
  await storedProviders.add(engine, { id: "mine", ...endpoints, clientId: '"mine"', clientSecret: "token canary-2" });
  expect(engine.providers.get("mine")?.registration).toEqual({ clientId: "mine", clientSecret: "canary-2" });
  expect(engineOutput()).toContain("clientSecret: quotes around it taken off");
  expect(engineOutput()).not.toContain("canary-");
});

test("a line break or NUL within is refused by the name of the field, and nothing is stored", async () => {
  const rig = await createRig();
  const { engine } = openTestEngine(rig.env);
  for (const [field, change] of [
    ["accessToken", { accessToken: "canary\na" }],
    ["refreshToken", { refreshToken: "canary\0r" }],
    ["refreshToken", { refreshToken: '"\n"' }],
  ] as const) {
    const row = { userId: "u", provider: "acme", accessToken: "canary-a", refreshToken: "canary-r", ...change };
    const error = await rig.client.connections.import(row).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringContaining(`${field}: `) });
    expect(String(error)).not.toContain("canary");
  }
  const torn = registrations.save(engine, { provider: "acme", name: "n", clientId: "a\rb", clientSecret: null });
  await expect(torn).rejects.toMatchObject({ code: "invalid_input", message: expect.stringContaining("clientId: ") });
  expect((await rig.pool.query("SELECT FROM connections")).rowCount).toBe(0);
  const told = await runInProcess(["status", "x"], { env: { ...rig.env, ACME_CLIENT_SECRET: "canary\nb" } });
  expect([told.code, told.stderr]).toEqual([expect.any(Number), expect.stringContaining("ACME_CLIENT_SECRET")]);
});

test("over HTTP: fields by their own names, and a key that was pasted with its header", async () => {
  const api = await startApi();
  const body = { user_id: "u", provider: "acme", access_token: '"canary-a"', refresh_token: "canary-r\n" };
  const { status, body: told } = await api.ask("POST /v1/connections", { body });
  expect([status, told.warnings]).toEqual([
    201,
    ["access_token: quotes around it taken off", "refresh_token: white space around it taken off"],
  ]);
  const torn = await api.refused("POST /v1/connections", 400, "invalid_input", {
    body: { ...body, user_id: "v", refresh_token: "a\nb" },
  });
  expect(torn.body.errors).toMatchObject([{ field: "refresh_token" }]);
  for (const presented of [`Bearer Bearer ${api.adminKey}`, `Bearer "${api.adminKey}"`]) {
    const headers = { authorization: presented };
    expect(await api.ask("GET /v1/connections", { key: null, headers })).toMatchObject({ status: 200 });
  }
});
