import { defineConfig } from "tsdown";
import { libraryConfig } from "./package-config.mjs";

export default defineConfig(libraryConfig({ workspace: "packages/engine" }));
