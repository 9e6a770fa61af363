import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { addEndpoint } from "../support/events.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRig, prefixed, type Rig, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { startTokenServer } from "../support/token-server.ts";
import { type Block, blocksOf, pages } from "./docs-pages.ts";

/**
 * The pages' blocks that are marked as runnable are run. All `ts run` blocks of a page are one program, in their order, with `tokens`
 * being what a token server has just answered, and `request` and `secret` what a receiver of webhooks got. All `sh run` blocks are one
 * script, with `$api`, `$key`, `$json` and `$id` as the pages explain them. What a program prints is compared with the blocks that are
 * marked `text prints`.
 */
const runnable = pages.map((page) => [page, blocksOf(page)] as const);
const ofKind = (kind: string) => (blocks: readonly Block[]) => blocks.filter(({ info }) => info === kind);

const withPrograms = runnable.filter(([, blocks]) => ofKind("ts run")(blocks).length > 0);
const withScripts = runnable.filter(([, blocks]) => ofKind("sh run")(blocks).length > 0);

test("there is something to run", () => {
  expect(withPrograms.map(([page]) => page)).toEqual(
    expect.arrayContaining([
      "README.md",
      ...guides("using-the-client", "embedding", "connecting-accounts", "webhooks", "sync"),
    ]),
  );
  expect(withScripts.map(([page]) => page)).toEqual(
    expect.arrayContaining([
      "README.md",
      ...guides("getting-started", "connecting-accounts", "http-api", "webhooks", "sync"),
    ]),
  );
});

test.each(withPrograms)("the program in %s does what the page says", async (_, blocks) => {
  const rig = await createPageRig({ LOG_LEVEL: "silent" });
  const texts = ofKind("ts run")(blocks).map(({ text }) => text);
  const has = (what: string) => texts.some((text) => text.includes(what));
  const before = has("verifyWebhook") ? await webhookPrelude(rig) : "";
  const api = has("EVERTOKEN_URL") ? await startApi(rig) : {};
  const program = [await prelude(rig), before, ...texts, "process.exit(0);"];
  const file = join(await directoryInTree(), "page.ts");
  await writeFile(file, program.join("\n"));
  const env = { ...rig.env, ...prefixed(rig.env), ...api };
  const { code, out, error } = await run(process.execPath, [file], env);
  expect(error).toBe("");
  expect(out).toBe(
    ofKind("text prints")(blocks)
      .map(({ text }) => text)
      .join(""),
  );
  expect(code).toBe(0);
});

test.each(withScripts)("the commands in %s work", async (_, blocks) => {
  const rig = await createPageRig();
  const { id } = await rig.connect({ userId: "user-42" });
  // A command may go over several lines: then the next ones are indented, or close what it opened.
  const lines = ofKind("sh run")(blocks).flatMap(({ text }) => text.trim().split(/\n(?![ }])/));
  const api = lines.some((line) => line.includes("$api")) ? await startApi(rig) : {};
  for (const line of lines) {
    const { code, out, error } = await run("bash", ["-euo", "pipefail", "-c", line], { ...rig.env, ...api, id });
    expect({ line, code, error: code === 0 ? "" : error }).toEqual({ line, code: 0, error: "" });
    expect(out).not.toBe("");
  }
});

test("the row that getting-started shows can be imported", async () => {
  const [row] = ofKind("json")(blocksOf("docs/guides/getting-started.md"));
  const rig = await createRig({ provider: "spotify", files: { ROWS: row?.text ?? "" } });
  const { code, out } = await run(
    "npx",
    ["evertoken", "connections", "import", rig.env.ROWS as string, "--json"],
    rig.env,
  );
  expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, imported: 1, bad: [] });
});

const guides = (...names: string[]) => names.map((name) => `docs/guides/${name}.md`);

async function createPageRig(env: Record<string, string> = {}): Promise<Rig> {
  const server = await startTokenServer();
  const connecting = {
    HUBSPOT_AUTHORIZE_URL: server.authorizeUrl,
    PUBLIC_URL: "https://connect.example.com",
    RETURN_URL_ALLOWLIST: "https://app.example.com/settings",
  };
  return createRig({ provider: "hubspot", server, env: { ...connecting, ...env } });
}

async function startApi(rig: Rig) {
  const key = "k".repeat(40);
  const { port } = await rig.start("api", { EVERTOKEN_API_KEY: key, LOG_LEVEL: "info" });
  return {
    EVERTOKEN_URL: `http://127.0.0.1:${port}`,
    EVERTOKEN_KEY: key,
    api: `http://127.0.0.1:${port}`,
    key: `Authorization: Bearer ${key}`,
    json: "Content-Type: application/json",
  };
}

/** A delivery of a real worker to a real receiver. */
async function webhookPrelude(rig: Rig): Promise<string> {
  const receiver = await startReceiver();
  const { secret } = await addEndpoint(rig, { target: receiver.url });
  await rig.start("worker", { LOG_LEVEL: "info" });
  await rig.connect({ userId: "user-42" });
  const { headers, body } = await until("it is delivered", async () => receiver.received[0]);
  return `const request = ${JSON.stringify({ headers, body })};\nconst secret = ${JSON.stringify(secret)};`;
}

/** The provider of the pages is our token server, and so is its API. */
async function prelude(rig: Rig): Promise<string> {
  const [issued] = await rig.server.issue();
  const tokens = {
    access_token: issued?.accessToken,
    refresh_token: issued?.refreshToken,
    expires_in: issued?.expiresInSeconds,
    token_type: "Bearer",
  };
  return `
const tokens = ${JSON.stringify(tokens)};
const anyFetch = globalThis.fetch;
globalThis.fetch = (url, init) => anyFetch(String(url).startsWith("https://api.hubapi.com/") ? "${rig.server.identityUrl}" : url, init);
`;
}

/** Inside the repository, where the imports resolve. */
async function directoryInTree(): Promise<string> {
  const results = fileURLToPath(new URL("../results", import.meta.url));
  await mkdir(results, { recursive: true });
  const directory = await mkdtemp(join(results, "docs-"));
  onFileEnd(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let error = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    error += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, error };
}
