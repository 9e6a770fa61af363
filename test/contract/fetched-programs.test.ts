import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { inherited } from "../support/inherited.ts";

const run = promisify(execFile);

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "evertoken-fetched-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function serve(answer: (path: string, url: string) => Buffer | string | null): Promise<string> {
  const server = createServer((request, response) => {
    const body = answer(request.url ?? "", `http://${request.headers.host}`);
    response.writeHead(body === null ? 404 : 200).end(body ?? undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An archive of these files, all in one directory, as tar makes it. */
async function archiveOf(files: Record<string, string>): Promise<Buffer> {
  const directory = await emptyDirectory();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(directory, "package", path, ".."), { recursive: true });
    await writeFile(join(directory, "package", path), content);
  }
  await run("tar", ["-czf", "archive.tgz", "package"], { cwd: directory });
  return readFile(join(directory, "archive.tgz"));
}

test("a Node from npm is taken only if it is the one that we know, and nothing of another one is left", async () => {
  const name = "node-some-platform";
  const archive = await archiveOf({ "package.json": JSON.stringify({ name, version: "24.0.0" }), "bin/node": "#!" });
  const integrity = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
  const registry = await serve((path, url) => {
    if (path.endsWith(".tgz")) return archive;
    const dist = { tarball: `${url}/${name}.tgz`, integrity };
    return JSON.stringify({ name, "dist-tags": {}, versions: { "24.0.0": { name, version: "24.0.0", dist } } });
  });
  const module = fileURLToPath(new URL("../../scripts/node-24.mjs", import.meta.url));
  const fetched = async (wanted: string) => {
    const prefix = await emptyDirectory();
    const what = JSON.stringify({ name, version: "24.0.0", integrity: wanted });
    const script = `(await import(${JSON.stringify(module)})).fetchPackage(${JSON.stringify(prefix)}, ${what})`;
    const cache = await emptyDirectory();
    const env = { ...inherited(), npm_config_registry: registry, npm_config_cache: cache };
    const ended = await run(process.execPath, ["--input-type=module", "-e", script], { env }).catch((error) => error);
    return { code: ended.code ?? 0, said: ended.stderr, there: existsSync(join(prefix, "node_modules", name, "bin")) };
  };
  expect(await fetched(integrity)).toMatchObject({ code: 0, there: true });
  const other = `sha512-${createHash("sha512").update("another").digest("base64")}`;
  expect(await fetched(other)).toEqual({
    ...{ code: 1, there: false },
    said: expect.stringMatching(/EINTEGRITY[\s\S]*fetching node-some-platform failed.*install Node 24 yourself/),
  });
});

test("a Redis is built only of the release whose checksum we know", async () => {
  const { buildRedis } = await import(new URL("../../packages/local/src/redis-build.ts", import.meta.url).href);
  const archive = await archiveOf({ "src/Makefile": "redis-server:\n\techo built > redis-server\n" });
  const url = await serve(() => archive);
  const file = join(await emptyDirectory(), "built", "redis-server");
  const sha256 = createHash("sha256").update(archive).digest("hex");
  const refused = await buildRedis({ url, sha256: sha256.replace(/^./, "g") }, file);
  expect(refused).toEqual({ ok: false, reason: expect.stringContaining("its checksum is another one") });
  expect(existsSync(file)).toBe(false);
  expect(await buildRedis({ url, sha256 }, file)).toEqual({ ok: true, file });
  expect(await readFile(file, "utf8")).toBe("built\n");
});
