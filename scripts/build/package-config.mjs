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
    plugins: [bundlePrisma(), inlineMigrations(), inlineFolders(), namedTypesOnly(), ...plugins],
    hooks: {
      "build:done": ({ chunks }) => writeManifest({ directory, chunks, manifest, alsoNeeds, notNeeded, beside }),
    },
    ...others,
  };
}

/** Ours, Prisma's client with what it needs, and what the compiler puts in for a newer syntax. */
const inside = /^(@evertoken\/|@prisma\/|@oxc-project\/runtime\/|postgres-array$)/;

/** Declarations import no package of whose types they name none: an app would have all of them checked for nothing. */
function namedTypesOnly() {
  return {
    name: "named-types-only",
    renderChunk: (code, { fileName }) =>
      fileName.endsWith(".d.ts") ? code.replaceAll(/^import "[^"]+";\n/gm, "") : null,
  };
}

function staysOutside(id) {
  const isBare = !id.startsWith(".") && !id.startsWith("/") && !/^[a-z]:[\\/]/i.test(id) && !id.startsWith("\0");
  return isBare && !inside.test(id);
}

/**
 * A package that apps import: one entry, an ES module. `require` is given a file and declarations of its own, since TypeScript takes neither
 * from an ES module before `module: node20`; where Node can require one, `module-sync` has both ways lead to the same module.
 *
 * @param what `inCommonJs`: all of it in CommonJS as well, for Node before 20.19, Jest and older bundlers. Otherwise `require` is led to the
 *   ES module
 * @returns {import("tsdown").UserConfig}
 */
export function libraryConfig({ workspace, inCommonJs = false, options = {} }) {
  const declarations = new URL(`../../${workspace}/dist/lib/index.d.ts`, import.meta.url);
  const forRequire = inCommonJs ? {} : { "lib/index.cjs": new URL("index.cjs", import.meta.url) };
  const formats = inCommonJs ? { format: { esm: {}, cjs: { dts: false, sourcemap: false } } } : {};
  return packageConfig({
    workspace,
    entry: { index: "src/index.ts" },
    manifest: libraryManifest,
    beside: { "lib/index.d.cts": declarations, ...forRequire },
    options: { ...options, ...formats },
  });
}

const libraryManifest = {
  sideEffects: false,
  main: "./lib/index.cjs",
  types: "./lib/index.d.ts",
  exports: {
    ".": {
      "module-sync": "./lib/index.js",
      require: { types: "./lib/index.d.cts", default: "./lib/index.cjs" },
      types: "./lib/index.d.ts",
      default: "./lib/index.js",
    },
    "./package.json": "./package.json",
  },
  files: ["lib"],
};
