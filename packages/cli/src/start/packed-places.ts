import { fileURLToPath } from "node:url";
import { fetchPackage } from "@evertoken/local";
import type { AppName } from "./places.ts";

/** places.ts, as it is in the package `evertoken`: every entry of the bundle is a file beside this one. */
const beside = (name: string) => new URL(`./${name}.js`, import.meta.url);

export const processFile = (name: AppName): string => fileURLToPath(beside(name));

export const whatItLoads = (name: AppName): string[] =>
  [beside("end-with-parent").href].concat(name === "demo" ? [beside("find-fetched").href] : []);

/** Only the demo is an authorization server, so the first start fetches what makes it one. */
export async function prepareDemo(): Promise<void> {
  await fetchPackage("oidc-provider");
}

export const demoGrants = beside("demo-grants").href;
