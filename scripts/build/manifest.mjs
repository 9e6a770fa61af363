import { cpSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { licencesFile, licencesOf } from "./licences.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/**
 * Writes dist/package.json, and puts readme, licence and those of others beside it. The dependencies are what the bundle still imports, in
 * the versions of the workspaces that it was made of; one that none of them declares is an error.
 *
 * @param {{ directory: string, chunks: { imports?: string[], dynamicImports?: string[] }[], manifest: object, alsoNeeds: string[], notNeeded: string[], beside: Record<string, URL> }} what
 *   `alsoNeeds`: packages that are found by name at run time, without an import; `notNeeded`: those that are fetched when they
 *   are wanted; `beside`: files that are copied, by their place in the package
 */
export function writeManifest({ directory, chunks, manifest, alsoNeeds, notNeeded, beside }) {
  const { name, version, description, license, type, engines } = readJson(join(directory, "package.json"));
  const needed = [...importedPackages(chunks), ...alsoNeeds].filter((id) => !notNeeded.includes(id));
  const dependencies = Object.fromEntries(needed.sort().map(declared));
  const licences = licencesOf(chunks);
  const files = [...manifest.files, ...(licences === "" ? [] : [licencesFile])];
  const written = { name, version, description, license, type, engines, ...manifest, files, dependencies };
  writeFileSync(join(directory, "dist", "package.json"), `${JSON.stringify(written, null, 2)}\n`);
  const copied = { LICENSE: join(root, "LICENSE"), "README.md": join(directory, "README.md"), ...beside };
  for (const [place, file] of Object.entries(copied)) cpSync(file, join(directory, "dist", place));
  if (licences !== "") writeFileSync(join(directory, "dist", licencesFile), licences);
}

function importedPackages(chunks) {
  const files = new Set(chunks.map(({ fileName }) => fileName));
  const ids = chunks.flatMap(({ imports = [], dynamicImports = [] }) => [...imports, ...dynamicImports]);
  const bare = ids.filter((id) => !files.has(id) && !id.startsWith(".") && !isBuiltin(id));
  return new Set(bare.map((id) => /^(@[^/]+\/)?[^/]+/.exec(id)[0]));
}

/** Versions are exact in the repository; whoever installs the package may get a later one that claims to be compatible. */
function declared(name) {
  const [file] = globSync("{apps,packages}/*/package.json", { cwd: root })
    .concat("prisma/package.json")
    .map((path) => readJson(join(root, path)).dependencies ?? {})
    .filter((dependencies) => name in dependencies);
  if (file === undefined) throw new Error(`the bundle imports ${name}, which no workspace declares`);
  const version = file[name];
  return [name, version.includes("-") ? version : `^${version}`];
}
