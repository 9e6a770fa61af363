import { defineConfig } from "tsdown";
import { packageConfig } from "./package-config.mjs";

export default defineConfig(
  packageConfig({
    workspace: "packages/client",
    entry: { index: "src/index.ts" },
    manifest: {
      sideEffects: false,
      main: "./lib/index.js",
      types: "./lib/index.d.ts",
      exports: {
        ".": { types: "./lib/index.d.ts", default: "./lib/index.js" },
        "./package.json": "./package.json",
      },
      files: ["lib"],
    },
    options: { platform: "neutral", target: "es2022", minify: { compress: true, mangle: false, codegen: true } },
  }),
);
