import { fileURLToPath } from "node:url";

export type AppName = "demo" | "worker" | "scheduler" | "dashboard" | "api";

/**
 * Where the processes stand in the repository: found by place, not imported. In the package `evertoken` packed-places.ts
 * takes the place of this file.
 */
export const processFile = (name: AppName) =>
  fileURLToPath(new URL(`../../../../apps/${name}/src/main.ts`, import.meta.url));

/** Modules that Node loads before the process' own. */
export const whatItLoads = (_name: AppName): string[] => [new URL("./end-with-parent.ts", import.meta.url).href];

/** What the demo's server needs is there. */
export const prepareDemo = async (): Promise<void> => undefined;

/** What obtains a grant of the demo's server. */
export const demoGrants = new URL("../../../../apps/demo/src/obtain-grant.ts", import.meta.url).href;
