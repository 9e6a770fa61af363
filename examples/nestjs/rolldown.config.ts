import { defineConfig } from "rolldown";

// Decorators need a compiler. `nest build` is as good; this one has nothing to set up.
export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  external: ["@evertoken/client", /^@nestjs\//, "reflect-metadata"],
  tsconfig: "tsconfig.json",
  output: { file: "dist/main.js", format: "esm" },
});
