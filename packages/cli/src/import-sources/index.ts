import { readdirSync } from "node:fs";
import type { ImportSource } from "./source.ts";

/** Every source: each file of this directory exports one by default. `shared/` holds what several files have in common. */
export const importSources: readonly ImportSource[] = await Promise.all(
  readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name) && !/^(index|source)\./.test(entry.name))
    .map(({ name }) => name)
    .sort()
    .map(load),
);

async function load(file: string): Promise<ImportSource> {
  const { default: source } = (await import(new URL(file, import.meta.url).href)) as { default?: ImportSource };
  if (source === undefined || source.id !== file.replace(/\.[jt]s$/, "")) {
    throw new TypeError(`import-sources/${file} must export by default a source whose id is the file's name`);
  }
  return source;
}
