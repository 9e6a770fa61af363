import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const licencesFile = "THIRD-PARTY-LICENSES";

/**
 * Who else's code is in a bundle, with the words under which it may be.
 *
 * @param {{ moduleIds?: string[] }[]} chunks
 * @returns "" when all of it is ours
 * @throws of a package that brings no text of its licence
 */
export function licencesOf(chunks) {
  return packagesIn(chunks.flatMap(({ moduleIds = [] }) => moduleIds))
    .map(licenceOf)
    .join(`\n${"-".repeat(100)}\n\n`);
}

/** Directories of the packages that modules come from, in the order of their names. */
function packagesIn(moduleIds) {
  const directories = moduleIds.map((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0]);
  return [...new Set(directories.filter((directory) => directory !== undefined))].sort();
}

function licenceOf(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const files = readdirSync(directory).filter((file) => /^(licen[cs]e|notice|copying)([.-].*)?$/i.test(file));
  if (files.length === 0) throw new Error(`${name} goes into the bundle, and has no file with its licence`);
  const texts = files.sort().map((file) => readFileSync(join(directory, file), "utf8").trim());
  return [`${name} ${version} (${license})`, ...texts, ""].join("\n\n");
}
