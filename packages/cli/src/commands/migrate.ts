import { ConfigError, readConfig } from "@evertoken/adapters";
import type { Command } from "commander";
import type { Run } from "../cli.ts";
import type { Io } from "../io.ts";
import { runMigrations } from "../migrations.ts";
import { readFile } from "../open.ts";

export function addMigrate(program: Command, run: Run): void {
  program
    .command("migrate")
    .description("bring the database up to date; safe to run from several places at once")
    .action(run(migrate));
}

/** Needs DATABASE_URL alone: it often runs where no other setting is known. */
async function migrate(io: Io): Promise<undefined> {
  const { config, faults } = readConfig(io.env, readFile);
  const ours = faults.filter((fault) => fault.startsWith("DATABASE_URL"));
  if (ours.length > 0) throw new ConfigError(ours);
  const { applied } = await runMigrations(config.databaseUrl, io.note);
  io.result({ applied }, () => [
    applied.length === 0 ? "the database is up to date" : `applied: ${applied.join(", ")}`,
  ]);
}
