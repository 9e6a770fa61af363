import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import type { SchemaEngine } from "@prisma/schema-engine-wasm";
import * as bindings from "@prisma/schema-engine-wasm/schema_engine_bg";
import { Pool } from "pg";
import { migrationAdapter } from "./migration-adapter.ts";

/** The library types that we compile with describe neither WebAssembly nor what wasm-bindgen's glue needs. */
type Exports = { __wbindgen_start(): void };
type Host = {
  WebAssembly: { instantiate(file: Buffer, imports: object): Promise<{ instance: { exports: Exports } }> };
};
type Glue = { __wbg_set_wasm(exports: Exports): void; SchemaEngine: typeof SchemaEngine };

/**
 * Lends out Prisma's migration engine as WebAssembly, talking through the `pg` driver. The native one would be fetched
 * from Prisma's own host at run time, which a closed network refuses; both write the same `_prisma_migrations` table.
 */
export async function withSchemaEngine<T>(databaseUrl: string, use: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  loaded ??= instantiate();
  const glue = await loaded;
  const pool = new Pool({ connectionString: databaseUrl, max: 2, allowExitOnIdle: true });
  try {
    const adapter = bindMigrationAwareSqlAdapterFactory(migrationAdapter(databaseUrl, pool));
    const engine = await glue.SchemaEngine.new({ datamodels: undefined }, () => undefined, adapter);
    return await use(engine).finally(() => engine.free());
  } finally {
    await pool.end();
  }
}

/** The glue keeps its memory in module variables: a second instance would pull it away from under the first. */
let loaded: Promise<Glue> | undefined;

/** Done by hand, since importing a .wasm file as a module makes Node print a warning about an experimental feature. */
async function instantiate(): Promise<Glue> {
  const glue = bindings as unknown as Glue;
  const file = createRequire(import.meta.url)
    .resolve("@prisma/schema-engine-wasm/schema_engine_bg")
    .replace(/\.js$/, ".wasm");
  const { instance } = await (globalThis as unknown as Host).WebAssembly.instantiate(await readFile(file), {
    "./schema_engine_bg.js": { ...glue, ...unrefTimers(glue) },
  });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

/** The engine limits its wait for a lock to 10 s and never clears that timer, which would keep the process up so long. */
function unrefTimers(glue: Glue): Record<string, unknown> {
  const names = Object.keys(glue).filter((name) => name.startsWith("__wbg_setTimeout_"));
  const setTimer = (callback: () => void, ms: number) => setTimeout(callback, ms).unref();
  return Object.fromEntries(names.map((name) => [name, setTimer]));
}
