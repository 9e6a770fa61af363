import { expect, test } from "vitest";
import { closedPort } from "../support/closed-port.ts";
import { createRig, hasty, type Rig, until } from "../support/rig.ts";
import { startTokenServer } from "../support/token-server.ts";
import { browse, startExample } from "./example-journey.ts";

/** The web app knows the address of the API, and a key that may do what it needs. */
async function startWebApp(rig: Rig, url: string) {
  const adminKey = "k".repeat(40);
  const { port } = await rig.start("api", { EVERTOKEN_API_KEY: adminKey });
  const api = `http://127.0.0.1:${port}`;
  const made = await fetch(`${api}/v1/api-keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "app", scopes: ["tokens:read", "connections:write"] }),
  });
  const { key } = (await made.json()) as { key: string };
  const { server } = rig;
  return startExample([process.execPath, "node-app/src/main.ts"], {
    APP_URL: url,
    APP_API_URL: server.identityUrl,
    EVERTOKEN_URL: api,
    EVERTOKEN_KEY: key,
  });
}

async function createExampleRig() {
  const server = await startTokenServer();
  const url = `http://127.0.0.1:${await closedPort()}`;
  const env = {
    ...hasty,
    ACME_AUTHORIZE_URL: server.authorizeUrl,
    ACME_SCOPES: "profile",
    RETURN_URL_ALLOWLIST: url,
    SYNC_PROVIDER: "acme",
    SYNC_API_URL: server.identityUrl,
  };
  return { rig: await createRig({ server, env }), url };
}

test("the web app connects an account, and calls the API with a token that was refused once", async () => {
  const { rig, url } = await createExampleRig();
  const app = await startWebApp(rig, url);
  const landed = await browse(`${url}/connect/acme`);
  expect(landed.url).toBe(`${url}/?connected=acme`);
  expect(await landed.json()).toMatchObject([{ provider: "acme", connected: true, healthy: true }]);
  const account = () => fetch(`${url}/account/acme`).then((answer) => answer.json());
  const first = await account();
  expect(first).toMatchObject({ name: expect.stringMatching(/^Account /) });

  const { accessToken } = await rig.client.getAccessToken({ userId: "ada", provider: "acme" });
  await rig.server.invalidateAccessToken(accessToken);
  expect(await account()).toEqual(first);

  // Another browser does not have the cookie: its answer does not count.
  const begun = await fetch(`${url}/connect/acme`, { redirect: "manual" });
  const foreign = await browse(begun.headers.get("location") as string);
  expect(foreign.status).toBe(400);
  expect((await fetch(`${url}/account/nobody`)).status).toBe(502);
  expect(app.output()).not.toContain("canary");
  expect(await app.stop("SIGTERM")).toBe(0);
});

test("the sync handler runs in its own process after connecting, and ends when told", async () => {
  const { rig, url } = await createExampleRig();
  const handler = await startExample([process.execPath, "sync-handler/src/main.ts"], rig.env);
  await startWebApp(rig, url);
  await browse(`${url}/connect/acme`);
  const [connection] = await rig.client.connections.list({ userId: "ada" });
  const id = connection?.id as string;
  const synced = (after: Date | null) =>
    until("the sync is done", async () => {
      const row = await rig.row(id);
      return row.last_sync_status === "success" && row.last_sync_at > (after ?? 0) && row;
    });
  const row = await synced(null);
  expect(row.last_sync_message).toBe("contacts are up to date");
  expect(handler.output()).toContain(`connection ${id}`);
  await rig.client.sync(id);
  await synced(row.last_sync_at);
  expect(handler.output()).not.toContain("canary");
  expect(await handler.stop("SIGTERM")).toBe(0);
});
