import { fileURLToPath } from "node:url";
import { bundlePrisma } from "./bundle-prisma.mjs";
import { inlineFolders } from "./inline-folders.mjs";
import { inlineMigrations } from "./inline-migrations.mjs";
import { writeManifest } from "./manifest.mjs";

/**
 * How a package is built: into `dist`, as `npm pack` wants it. Workspaces of ours go into the bundle, and so does Prisma's
 * client, of which we need one database's part: 5 MB instead of 72. Every other package from npm stays a dependency.
 *
 * @param what `workspace`: its directory; `entry` points, `manifest` to be laid over name, version and dependencies,
 *   `options` of tsdown; for the rest see `writeManifest`
 * @returns {import("tsdown").UserConfig}
 */
export function packageConfig({
  workspace,
  entry,
  manifest,
  alsoNeeds = [],
  notNeeded = [],
  beside = {},
  options = {},
}) {
  const { plugins = [], ...others } = options;
  const directory = fileURLToPath(new URL(`../../${workspace}`, import.meta.url));
  return {
    cwd: directory,
    entry,
    outDir: "dist/lib",
    format: "esm",
    platform: "node",
    target: "node22.12",
    fixedExtension: false,
    dts: true,
    sourcemap: true,
    logLevel: "error",
    tsconfig: fileURLToPath(new URL("tsconfig.json", import.meta.url)),
    deps: { neverBundle: staysOutside, alwaysBundle: [inside], onlyBundle: false },
    plugins: [bundlePrisma(), inlineMigrations(), inlineFolders(), ...plugins],
    hooks: {
      "build:done": ({ chunks }) => writeManifest({ directory, chunks, manifest, alsoNeeds, notNeeded, beside }),
    },
    ...others,
  };
}

/** Ours, Prisma's client with what it needs, and what the compiler puts in for a newer syntax. */
const inside = /^(@evertoken\/|@prisma\/|@oxc-project\/runtime\/|postgres-array$)/;

function staysOutside(id) {
  const isBare = !id.startsWith(".") && !id.startsWith("/") && !/^[a-z]:[\\/]/i.test(id) && !id.startsWith("\0");
  return isBare && !inside.test(id);
}

/** What a package says of itself that apps import: one entry, found by `exports` and by those who do not read it. */
export const libraryManifest = {
  sideEffects: false,
  main: "./lib/index.js",
  types: "./lib/index.d.ts",
  exports: {
    ".": { types: "./lib/index.d.ts", default: "./lib/index.js" },
    "./package.json": "./package.json",
  },
  files: ["lib"],
};
