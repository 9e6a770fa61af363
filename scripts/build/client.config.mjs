import { defineConfig } from "tsdown";
import { libraryManifest, packageConfig } from "./package-config.mjs";

export default defineConfig(
  packageConfig({
    workspace: "packages/client",
    entry: { index: "src/index.ts" },
    manifest: libraryManifest,
    options: { platform: "neutral", target: "es2022", minify: { compress: true, mangle: true, codegen: true } },
  }),
);
