import { defineConfig } from "tsdown";
import { libraryConfig } from "./package-config.mjs";

export default defineConfig(
  libraryConfig({
    workspace: "packages/client",
    inCommonJs: true,
    options: { platform: "neutral", target: "es2022", minify: { compress: true, mangle: true, codegen: true } },
  }),
);
