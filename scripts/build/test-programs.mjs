import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "rolldown";
import { programSources } from "../../test/support/programs.ts";
import { bundlePrisma } from "./bundle-prisma.mjs";
import { cheapPasswords } from "./cheap-passwords.mjs";
import { inlineFolders } from "./inline-folders.mjs";

/** Below node_modules: what stays outside of a bundle is found from there. */
const cache = fileURLToPath(new URL("../../node_modules/.cache/test-programs", import.meta.url));

/** They look for files of their own, or start threads from them. */
const notBundled = /^(pino|pino-pretty|thread-stream|@bull-board\/.*|@fastify\/.*|oidc-provider)$/;

/*
 * Makes one file of each program that tests start, in a new directory whose path it prints. A start from 1,300 modules costs a second of
 * CPU, one from a bundle half of that, and starting processes is most of what a run of all tests does.
 */
await mkdir(cache, { recursive: true });
await removeOld();
const directory = await mkdtemp(join(cache, "run-"));
// Or Node reads each file to find out what it is.
await writeFile(join(directory, "package.json"), JSON.stringify({ type: "module" }));
await build({
  input: programSources,
  platform: "node",
  external: notBundled,
  plugins: [bundlePrisma(), inlineFolders(), cheapPasswords(), whereItStood()],
  logLevel: "silent",
  output: { dir: directory, format: "esm", sourcemap: true },
});
console.log(directory);

/** What a run left behind that was killed; others may run at this moment. */
async function removeOld() {
  const yesterday = Date.now() - 86_400_000;
  for (const path of (await readdir(cache)).map((name) => join(cache, name))) {
    if ((await stat(path)).mtimeMs < yesterday) await rm(path, { recursive: true, force: true });
  }
}

/** A module in a bundle finds what stands beside its source. */
function whereItStood() {
  return {
    name: "where-it-stood",
    transform(code, id) {
      if (!code.includes("import.meta.")) return null;
      const literals = { url: pathToFileURL(id).href, filename: id, dirname: dirname(id) };
      return code.replaceAll(/\bimport\.meta\.(url|filename|dirname)\b/g, (_all, name) =>
        JSON.stringify(literals[name]),
      );
    },
  };
}
