import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createRig, until } from "../support/rig.ts";
import { onFileEnd, temporaryDirectory } from "../support/services.ts";

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
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onFileEnd(async () => {
    server.close();
    server.closeAllConnections();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
  [
    "has no token endpoint",
    (issuer) => ({ ...metadata(issuer), token_endpoint: undefined }),
    "token_endpoint is missing",
  ],
  [
    "has no consent page",
    (issuer) => ({ ...metadata(issuer), authorization_endpoint: undefined }),
    "authorization_endpoint",
  ],
])("a worker does not start with a provider whose metadata %s, and says why", async (_, document, reason) => {
  const { issuer, grants } = await startIssuer(document);
  const rig = await createRig({ env: intranet(issuer) });
  await expect(rig.start("worker")).rejects.toThrow(new RegExp(`intranet: issuer: .*${reason}`));
  expect(grants).toEqual([]);
});

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
