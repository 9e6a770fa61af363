import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const cli = require.resolve("prisma/build/index.js");
const prismaDir = fileURLToPath(new URL("..", import.meta.url));
const stampFile = join(prismaDir, "generated", ".stamp");

/** Writes the client into `generated/`, unless the schema and Prisma are those of the last time. */
function generate(): void {
  const stamp = readStamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "generate"], {
    cwd: prismaDir,
    encoding: "utf8",
    env: {
      ...process.env,
      // Generating is WebAssembly. Any existing file keeps the CLI from fetching the native engine that it will not use.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      CHECKPOINT_DISABLE: "1",
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
    },
  });
  if (status !== 0) throw new Error(`prisma generate failed\n${stdout}${stderr}`);
  writeFileSync(stampFile, stamp);
}

function readStamp(): string {
  const { version } = require("prisma/package.json") as { version: string };
  const schema = readFileSync(join(prismaDir, "schema.prisma"));
  return createHash("sha256").update(version).update(schema).digest("hex");
}

generate();
