import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createEvertoken } from "@evertoken/engine";
import { expect, test } from "vitest";
import { createRig, until } from "../support/rig.ts";
import { onFileEnd, temporaryDirectory } from "../support/services.ts";
import { runEvertoken } from "./evertoken-command.ts";

/** An issuer with its own token endpoint. `document` is what it says about itself. */
async function startIssuer(document: (issuer: string) => object) {
  const grants: URLSearchParams[] = [];
  const server = http.createServer((request, reply) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      if (request.url === "/.well-known/openid-configuration") return reply.end(JSON.stringify(document(issuer)));
      if (request.url !== "/somewhere/token") return reply.writeHead(404).end();
      grants.push(new URLSearchParams(body));
      reply.end('{"access_token":"fresh-access","refresh_token":"fresh-refresh","expires_in":3600}');
    });
  });
  const issuer = await listening(server);
  return { issuer, grants };
}

const metadata = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/somewhere/token`,
  token_endpoint_auth_methods_supported: ["client_secret_post"],
});

const intranet = (issuer: string) => ({
  EVERTOKEN_GENERIC_PROVIDERS: "intranet",
  INTRANET_ISSUER: issuer,
  INTRANET_CLIENT_ID: "client",
  INTRANET_CLIENT_SECRET: "client-secret",
});

test("a provider that only states its issuer is discovered at start, and its tokens are refreshed", async () => {
  const { issuer, grants } = await startIssuer(metadata);
  const rig = await createRig({ env: intranet(issuer) });
  const { id } = await rig.client.connections.import({
    userId: "user",
    provider: "intranet",
    accessToken: "old-access",
    refreshToken: "old-refresh",
    expiresIn: 1,
  });
  await rig.start("worker");
  const [row] = await until("it is refreshed", async () => {
    const rows = await rig.log(id);
    return rows.length > 0 && rows;
  });
  expect(row).toMatchObject({ outcome: "granted", trigger: "scheduled" });
  expect(await rig.row(id)).toMatchObject({ status: "connected", generation: 2 });
  // As the issuer wants it: not by Basic, which would be the usual way.
  expect(grants.map((grant) => Object.fromEntries(grant))).toEqual([
    {
      grant_type: "refresh_token",
      refresh_token: "old-refresh",
      client_id: "client",
      client_secret: "client-secret",
    },
  ]);
});

test.each<[string, (issuer: string) => object, string]>([
  ["names another issuer", (issuer) => ({ ...metadata(issuer), issuer: "https://evil.example" }), "another issuer"],
  ["leads to http", (issuer) => ({ ...metadata(issuer), token_endpoint: "ftp://x/" }), "token_endpoint must be a URL"],
  [
    "has no token endpoint",
    (issuer) => ({ ...metadata(issuer), token_endpoint: undefined }),
    "token_endpoint is missing",
  ],
])("a provider whose metadata %s waits alone, loudly, and goes on when it is right", async (_, document, reason) => {
  let said = document;
  const { issuer, grants } = await startIssuer((at) => said(at));
  const rig = await createRig();
  const names = { EVERTOKEN_GENERIC_PROVIDERS: "acme,intranet" };
  const worker = await rig.start("worker", { ...intranet(issuer), ...names });
  expect(worker.output()).toMatch(new RegExp(`"level":50.*intranet: issuer: .*${reason}`));
  const { id } = await rig.connect({ expiresIn: 1 });
  await until("the other provider's token is refreshed", async () => (await rig.log(id)).length > 0);
  expect(await rig.row(id)).toMatchObject({ status: "connected", generation: 2 });
  const ready = await fetch(`http://127.0.0.1:${worker.port}/readyz`);
  expect(await ready.json()).toMatchObject({ ready: true, checks: { issuers: "ok, but intranet waits" } });
  expect(grants).toEqual([]);
  said = metadata;
  const own = createEvertoken({ settings: { ...rig.env, ...intranet(issuer), ...names } });
  onFileEnd(() => own.close());
  const imported = await own.connections.import({
    ...{ userId: "user", provider: "intranet", accessToken: "old-access", refreshToken: "old-refresh", expiresIn: 1 },
  });
  expect(await own.getAccessToken(imported.id, { minTtlSeconds: 60 })).toMatchObject({ accessToken: "fresh-access" });
});

test("issuers that hang, forbid, or lead elsewhere hold up nobody's start", async () => {
  const hanging = http.createServer(() => {});
  const refusing = http.createServer((_, reply) => reply.writeHead(403).end("no"));
  const leading = http.createServer((_, reply) => reply.writeHead(302, { location: "http://127.0.0.1:1/" }).end());
  const issuers = await Promise.all([hanging, refusing, leading].map(listening));
  const env = Object.fromEntries(
    issuers.flatMap((issuer, index) => Object.entries(intranet(issuer)).map(([k, v]) => [named(k, index), v])),
  );
  const rig = await createRig();
  const started = Date.now();
  const all = { ...rig.env, ...env, EVERTOKEN_GENERIC_PROVIDERS: "acme,sso0,sso1,sso2" };
  const [worker] = await Promise.all([rig.start("worker", all), rig.start("api", all)]);
  expect(Date.now() - started).toBeLessThan(25_000);
  for (const reason of ["sso0: issuer: no answer", "sso1: issuer: HTTP 403", "sso2: issuer: HTTP 302"])
    expect(worker.output()).toContain(reason);
  const { id } = await rig.connect({ expiresIn: 1 });
  await until("another provider's token is refreshed", async () => (await rig.log(id)).length > 0);
  const doctor = await runEvertoken(["doctor", "--json"], {
    env: { ...all, EVERTOKEN_GENERIC_PROVIDERS: "acme,sso1,sso2" },
  });
  for (const id of ["sso1", "sso2"]) expect(doctor.stdout).toContain(`${id} waits: issuer: `);
});

const named = (name: string, index: number) => name.replace("INTRANET", `SSO${index}`);

async function listening(server: http.Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onFileEnd(async () => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a worker does not start with an issuer over http, unless private addresses are allowed", async () => {
  const { issuer } = await startIssuer(metadata);
  const rig = await createRig();
  const env = { ...intranet(issuer), EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "false" };
  await expect(rig.start("worker", env)).rejects.toThrow(/INTRANET_ISSUER: must be https/);
});

test("a worker does not start with a provider file that has a fault: file, field and reason are named", async () => {
  const rig = await createRig();
  const file = join(await temporaryDirectory(), "providers.json");
  await writeFile(file, '[{"id":"boats","name":"Boats","docs":"nowhere","policy":{"lifetimeSeconds":-1}}]');
  const start = rig.start("worker", { EVERTOKEN_PROVIDERS_FILE: file });
  await expect(start).rejects.toThrow(/EVERTOKEN_PROVIDERS_FILE: boats: docs: /);
  await expect(start).rejects.toThrow(/EVERTOKEN_PROVIDERS_FILE: boats: policy\.lifetimeSeconds: /);
});
