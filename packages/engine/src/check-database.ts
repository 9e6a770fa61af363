import {
  describePostgresTrouble,
  type Logger,
  postgresAdvice,
  postgresTrouble,
  readSchemaState,
  type SchemaState,
  tryPrepared,
} from "@evertoken/adapters";
import { migrationNames } from "@evertoken/database";
import type { Pool } from "pg";
import { EvertokenError } from "./evertoken-error.ts";

interface Database {
  readonly pool: Pool;
  readonly logger: Logger;
}

/** Refuses a database that is not as this version needs it. @throws {EvertokenError} that names why */
export async function checkSchema({ pool, logger }: Database): Promise<void> {
  const state = await asked(async () => readSchemaState(pool, await migrationNames()));
  const fault = faultOf(state);
  if (fault !== null) throw unusable(fault);
  // Those that are about to be replaced go on with what a new version has added.
  if (state.later.length > 0) logger.warn({ migrations: state.later }, "the database is of a later version than this");
}

/** In words; null: all is well. */
export function faultOf({ missing, broken, readOnly, ungranted }: SchemaState): string | null {
  if (broken !== null)
    return `the migration ${broken} failed half way: run \`evertoken migrate\`, it says how to go on`;
  if (missing.length > 0) return `${inWords("unmigrated")} (it lacks ${missing.join(", ")})`;
  if (readOnly) return inWords("replica");
  return ungranted.length > 0 ? `${inWords("permission")} (not on ${ungranted.join(", ")})` : null;
}

/** For processes, before they work: the schema, and that statements keep their names on the way. @throws {EvertokenError} */
export async function checkDatabase(engine: Database): Promise<void> {
  await checkSchema(engine);
  await asked(() => tryPrepared(engine.pool));
}

/** For processes that start while Postgres is away: they serve when it is back. @throws {EvertokenError} for what does not pass */
export async function refuseUnusableDatabase(engine: Database): Promise<void> {
  await checkDatabase(engine).catch((error: EvertokenError) => {
    if (error.cause === "away") engine.logger.warn(error.message);
    else throw error;
  });
}

async function asked<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw unusable(describePostgresTrouble(error), postgresTrouble(error));
  }
}

const inWords = (trouble: keyof typeof postgresAdvice) =>
  `${postgresAdvice[trouble].is}: ${postgresAdvice[trouble].advice}`;

const unusable = (message: string, cause?: unknown) => new EvertokenError("store_unavailable", message, { cause });
