/**
 * Looks into what `npm pack` would send: nothing but bundles, their types and maps, with the licences of all whose code is inside,
 * and no path of this machine, no secret and no import that the manifest does not declare. Fails with what it found. Needs `npm run
 * build` before.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { licencesFile } from "./build/licences.mjs";
import { published } from "./packages.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const belongs =
  /^(package\.json|README\.md|LICENSE|THIRD-PARTY-LICENSES|redis\.conf|bin\/[\w-]+\.m?js|lib\/[\w.-]+\.(c?js|js\.map|d\.c?ts))$/;

const faults = [];
for (const directory of published) faults.push(...(await examine(join(root, directory, "dist"))));
for (const fault of faults) console.error(fault);
if (faults.length === 0) console.log(`${published.length} tarballs hold what they should`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function examine(dist) {
  if (!existsSync(join(dist, "package.json"))) return [`${dist}: not built: npm run build`];
  const manifest = JSON.parse(readFileSync(join(dist, "package.json"), "utf8"));
  const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--json"], { cwd: dist, encoding: "utf8" });
  const listed = Object.values(JSON.parse(stdout))[0].files.map(({ path }) => path);
  const strange = listed.filter((path) => !belongs.test(path)).map((path) => `${path}: has no business in a tarball`);
  const inside = listed.flatMap((path) => lookInto(join(dist, path), manifest).map((fault) => `${path}: ${fault}`));
  const unlicensed = othersIn(dist, listed).filter((name) => !licensed(dist, listed).includes(name));
  const licences = unlicensed.map((name) => `${name} is inside, and its licence is not in ${licencesFile}`);
  const { messages } = await publint({ pkgDir: dist, level: "warning", pack: false });
  const lint = messages.map((message) => formatMessage(message, manifest));
  return [...strange, ...inside, ...licences, ...lint].map((fault) => `${manifest.name}: ${fault}`);
}

/** Packages whose code is in the bundle, as its source maps have it. */
function othersIn(dist, listed) {
  const maps = listed.filter((path) => path.endsWith(".map")).map((path) => readFileSync(join(dist, path), "utf8"));
  const sources = maps.flatMap((text) => JSON.parse(text).sources);
  const names = sources.map((source) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

function licensed(dist, listed) {
  if (!listed.includes(licencesFile)) return [];
  const text = readFileSync(join(dist, licencesFile), "utf8");
  return [...text.matchAll(/^(\S+) \d+\.\d+\.\S+ \(.*\)$/gm)].map(([, name]) => name);
}

function lookInto(file, manifest) {
  const text = readFileSync(file, "utf8");
  const found = [];
  if (text.includes(root)) found.push("names a directory of this machine");
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----\n/.test(text)) found.push("holds a private key");
  if (!/\.([cm]?js|d\.c?ts)$/.test(file)) return found;
  if (/^await /m.test(text) && !/(main|bin\/.*|worker|scheduler|api|dashboard|demo)\.js$/.test(file)) {
    found.push("waits at its top level, so it cannot be required");
  }
  if (manifest.main !== undefined && /\bimport\.meta\b/.test(text)) {
    found.push("asks where it is (import.meta), which nobody knows in a bundle of CommonJS");
  }
  const imports = [...text.matchAll(/^(?:import|export) [^;]*? ?from ?"([^"]+)"|^import "([^"]+)"/gm)];
  const required = file.endsWith(".cjs") ? [...text.matchAll(/\brequire\(["'`]([^"'`]+)["'`]\)/g)] : [];
  const names = [...imports, ...required].map(([, from, bare]) => /^(@[^/]+\/)?[^/]+/.exec(from ?? bare)[0]);
  const known = { ...manifest.dependencies, ...manifest.fetchedAtStart };
  const undeclared = names.filter((name) => !name.startsWith(".") && !isBuiltin(name) && !(name in known));
  return [...found, ...new Set(undeclared.map((name) => `imports ${name}, which package.json does not declare`))];
}
