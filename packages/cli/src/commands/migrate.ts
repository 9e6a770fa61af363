import { ConfigError, readConfig } from "@evertoken/adapters";
import { adoptAfterUpgrade } from "@evertoken/operations";
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { runMigrations, startKeptPostgres } from "../migrations.ts";
import { readFile } from "../open.ts";
import type { Run } from "../run.ts";

export function addMigrate(program: Command, run: Run): void {
  program
    .command("migrate")
    .description("bring the database up to date; safe to run from several places at once")
    .option("--retry <name>", "apply one again that failed, once its cause has been put right")
    .action(run(migrate));
}

/** Needs DATABASE_URL alone: it often runs where no other setting is known. With ENCRYPTION_KEY it takes API keys along. */
async function migrate(io: Io, { retry }: { retry?: string }): Promise<undefined> {
  const kept = await startKeptPostgres(io);
  try {
    const options = { onLine: io.note, ...(retry === undefined ? {} : { retry }) };
    const databaseUrl = kept?.url ?? requireAddress(io);
    const { applied } = await runMigrations(databaseUrl, options);
    await adoptAfterUpgrade(applied, { databaseUrl, encryptionKeys: encryptionKeysOf(io) }, io.note);
    io.result({ applied }, () => [
      applied.length === 0 ? "the database is up to date" : `applied: ${applied.join(", ")}`,
    ]);
  } finally {
    await kept?.stop();
  }
}

function encryptionKeysOf({ env }: Io): readonly string[] {
  const { config, faults } = readConfig(env, readFile);
  return faults.some((fault) => fault.startsWith("ENCRYPTION_KEY")) ? [] : config.encryptionKeys;
}

function requireAddress({ env }: Io): string {
  const { config, faults } = readConfig(env, readFile);
  const ours = faults.filter((fault) => fault.startsWith("DATABASE_URL"));
  if (ours.length > 0) throw new ConfigError(ours);
  return config.databaseUrl;
}
