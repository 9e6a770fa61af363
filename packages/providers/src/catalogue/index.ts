import { readdirSync } from "node:fs";
import { type Provider, ProviderFault } from "../provider.ts";

/**
 * Every provider in the box: each file of this directory exports one by default. A new provider is a new file, nothing else.
 * `shared/` holds what several files have in common.
 */
export const catalogue: readonly Provider[] = await Promise.all(
  readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && entry.name !== "index.ts")
    .map((entry) => entry.name)
    .sort()
    .map(load),
);

async function load(file: string): Promise<Provider> {
  const { default: provider } = (await import(new URL(file, import.meta.url).href)) as { default?: Provider };
  // Checked by defineProvider already; what is left is a file that forgot to call it, or to rename a copy.
  if (provider === undefined || `${provider.id}.ts` !== file) {
    throw new ProviderFault(`catalogue/${file}: id: must export by default a provider whose id is the file's name`);
  }
  return provider;
}
