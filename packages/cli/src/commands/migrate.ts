import { ConfigError, readConfig } from "@evertoken/adapters";
import { EvertokenError } from "@evertoken/client";
import { MigrationError, migrate } from "@evertoken/database";
import type { Command } from "commander";
import type { Run } from "../cli.ts";
import type { Io } from "../io.ts";
import { readFile } from "../open.ts";

export function addMigrate(program: Command, run: Run): void {
  program
    .command("migrate")
    .description("bring the database up to date; safe to run from several places at once")
    .action(run(runMigrations));
}

/** Needs DATABASE_URL alone: it often runs where no other setting is known. */
async function runMigrations(io: Io): Promise<undefined> {
  const { config, faults } = readConfig(io.env, readFile);
  const ours = faults.filter((fault) => fault.startsWith("DATABASE_URL"));
  if (ours.length > 0) throw new ConfigError(ours);
  const { applied } = await migrate(config.databaseUrl, { onLine: io.note }).catch((error: unknown) => {
    if (error instanceof MigrationError) throw error;
    throw new EvertokenError("store_unavailable", "Postgres does not answer: check DATABASE_URL and the server");
  });
  io.result({ applied }, () => [
    applied.length === 0 ? "the database is up to date" : `applied: ${applied.join(", ")}`,
  ]);
}
