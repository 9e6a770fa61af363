import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const source = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** What tests start as processes of their own. */
export const programSources = {
  worker: source("apps/worker/src/main.ts"),
  scheduler: source("apps/scheduler/src/main.ts"),
  dashboard: source("apps/dashboard/src/main.ts"),
  api: source("apps/api/src/main.ts"),
  evertoken: source("packages/cli/src/main.ts"),
  "token-server": source("test/support/token-server-main.ts"),
  "token-caller": source("test/support/token-caller-main.ts"),
  "torture-caller": source("test/torture/caller-main.ts"),
};

export type Program = keyof typeof programSources;

/** For processes that end soon: a young generation that is seldom full, and no threads to collect it. A fifth of what a start costs. */
export const shortLived = ["--min-semi-space-size=16", "--single-threaded-gc"];

/** Names the directory with the bundles of this run; every process of it inherits it. */
const variable = "EVERTOKEN_TEST_PROGRAMS";

/** Makes the bundles, which start twice as quickly as the sources. @returns removes them */
export async function bundlePrograms(): Promise<() => Promise<void>> {
  const { stdout } = await promisify(execFile)(process.execPath, [source("scripts/build/test-programs.mjs")]);
  const directory = stdout.trim();
  process.env[variable] = directory;
  return () => rm(directory, { recursive: true, force: true });
}

/** The file to start: the bundle, in a run that has made them, else the source. */
export function programFile(name: Program): string {
  const directory = process.env[variable];
  return directory === undefined ? programSources[name] : join(directory, `${name}.js`);
}
