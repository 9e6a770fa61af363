import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { closedPort } from "../support/closed-port.ts";
import { createRig, type Env, hasty, type Rig, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { startTokenServer } from "../support/token-server.ts";
import { inherited } from "./evertoken-command.ts";

/** An example in a process of its own, as its README says to start it. */
async function startExample(name: string, env: Env) {
  const main = fileURLToPath(new URL(`../../examples/${name}/src/main.ts`, import.meta.url));
  const child = spawn(process.execPath, [main], { env: { ...inherited(), ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const exited = once(child, "exit");
  const stop = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return (await exited)[0];
  };
  onFileEnd(() => stop("SIGKILL"));
  await until(`${name} is ready`, async () => {
    if (child.exitCode !== null) throw new Error(`${name} ended:\n${output}`);
    return output.includes("ready");
  });
  return { output: () => output, stop };
}

/** What a browser does: follows redirects from the app to the provider and back, with the cookies of the app. */
async function browse(start: string): Promise<Response> {
  let cookie = "";
  for (let url = start, hops = 0; hops < 10; hops++) {
    const answer = await fetch(url, { redirect: "manual", headers: cookie === "" ? {} : { cookie } });
    cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? cookie;
    const next = answer.headers.get("location");
    if (next === null) return answer;
    url = new URL(next, url).href;
  }
  throw new Error("too many redirects");
}

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
  return startExample("node-app", {
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
  const handler = await startExample("sync-handler", rig.env);
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
