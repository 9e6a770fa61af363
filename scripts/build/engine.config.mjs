import { defineConfig } from "tsdown";
import { libraryManifest, packageConfig } from "./package-config.mjs";

export default defineConfig(
  packageConfig({
    workspace: "packages/engine",
    entry: { index: "src/index.ts" },
    manifest: libraryManifest,
  }),
);
