import { execFile } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "../support/services.ts";
import { root } from "./docs-pages.ts";

const files = ["Dockerfile", "docker-compose.yml"] as const;
const digest = (character: string) => `sha256:${character.repeat(64)}`;

/** A registry as Docker Hub is one: whoever has no token is told where to get one. */
async function startRegistry(digests: Readonly<Record<string, string>>): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", `http://${request.headers.host}`);
    if (pathname === "/token") return response.end(JSON.stringify({ token: `for ${searchParams.get("scope")}` }));
    const [, name = "", tag = ""] = /^\/v2\/library\/(\w+)\/manifests\/([\w.-]+)$/.exec(pathname) ?? [];
    const scope = `repository:library/${name}:pull`;
    if (request.headers.authorization !== `Bearer for ${scope}`) {
      const challenge = `Bearer realm="http://${request.headers.host}/token",service="registry",scope="${scope}"`;
      return response.writeHead(401, { "www-authenticate": challenge }).end();
    }
    const found = request.headers.accept?.includes("image.index") ? digests[`${name}:${tag}`] : undefined;
    return response.writeHead(found ? 200 : 404, found ? { "docker-content-digest": found } : {}).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function pin(directory: string, registry: string) {
  const script = join(root, "scripts", "pin-images.mjs");
  const ended = promisify(execFile)(process.execPath, [script, registry], { cwd: directory });
  return ended.then(({ stdout }) => ({ ok: true, said: stdout })).catch(({ stderr }) => ({ ok: false, said: stderr }));
}

async function copies() {
  const directory = await temporaryDirectory();
  for (const file of files) copyFileSync(join(root, file), join(directory, file));
  return { directory, texts: () => files.map((file) => readFileSync(join(directory, file), "utf8")) };
}

test("each image is named by the digest of its tag, once more by a newer one, and nothing else changes", async () => {
  const { directory, texts } = await copies();
  const unpinned = (text: string) => text.replaceAll(/@sha256:[0-9a-f]+/g, "");
  const before = texts().map(unpinned);
  for (const [node, postgres, redis] of ["abc", "def"].map((each) => [...each].map(digest))) {
    const digests = { "node:24-slim": `${node}`, "postgres:18": `${postgres}`, "redis:8": `${redis}` };
    expect(await pin(directory, await startRegistry(digests))).toMatchObject({ ok: true });
    const [dockerfile = "", compose = ""] = texts();
    expect(dockerfile.match(/^FROM .*/gm)?.every((line) => line.startsWith(`FROM node:24-slim@${node}`))).toBe(true);
    expect(compose).toContain(`image: postgres:18@${postgres}\n`);
    expect(compose).toContain(`image: redis:8@${redis}\n`);
    expect(texts().map(unpinned)).toEqual(before);
  }
});

test("a tag that the registry does not know is named, and neither file changes", async () => {
  const { directory, texts } = await copies();
  const before = texts();
  const registry = await startRegistry({ "node:24-slim": digest("a"), "postgres:18": digest("b") });
  expect(await pin(directory, registry)).toEqual({ ok: false, said: expect.stringContaining("no digest of redis:8") });
  expect(texts()).toEqual(before);
  const away = await pin(directory, "http://127.0.0.1:1");
  expect(away).toEqual({ ok: false, said: expect.stringContaining("nothing is pinned: fetch failed") });
});
