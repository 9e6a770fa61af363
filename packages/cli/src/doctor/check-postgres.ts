import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describeError } from "@evertoken/adapters";
import type { Engine } from "@evertoken/client/engine";
import { type Finding, fail, ok, warn } from "./finding.ts";

type Pool = Engine["pool"];

const skewWarnMs = 2000;
/** From here on no process of this host does any work. */
const skewFailMs = 60_000;

/** Reachable, migrated, and with a clock like ours. @returns `usable`: whether its tables can be asked */
export async function checkPostgres(pool: Pool): Promise<{ usable: boolean; findings: Finding[] }> {
  try {
    const clock = await checkClock(pool);
    const migrations = await checkMigrations(pool);
    return {
      usable: migrations.result === "ok",
      findings: [ok("database", "Postgres answers"), migrations, clock],
    };
  } catch (error) {
    const { code, message } = describeError(error);
    const detail = `Postgres does not answer (${code ?? message})`;
    const advice = "check DATABASE_URL, and that the server runs and can be reached from here";
    return { usable: false, findings: [fail("database", detail, advice)] };
  }
}

/** Due times and leases are compared with our clock, and other machines compare them with theirs. */
async function checkClock(pool: Pool): Promise<Finding> {
  const before = Date.now();
  const { rows } = await pool.query<{ now: Date }>("SELECT clock_timestamp() AS now");
  const skewMs = Math.round((rows[0]?.now.getTime() ?? 0) - (before + Date.now()) / 2);
  const detail = `${Math.abs(skewMs)} ms ${skewMs < 0 ? "ahead of" : "behind"} Postgres`;
  if (Math.abs(skewMs) < skewWarnMs) return ok("clock", detail);
  const advice = "let both machines keep their time by NTP: leases and due times depend on it";
  return (Math.abs(skewMs) < skewFailMs ? warn : fail)("clock", detail, advice);
}

async function checkMigrations(pool: Pool): Promise<Finding> {
  const known = await readMigrationNames();
  const table = await pool.query<{ name: string | null }>("SELECT to_regclass('_prisma_migrations') AS name");
  const { rows } =
    table.rows[0]?.name == null
      ? { rows: [] }
      : await pool.query<{ name: string; finished: boolean }>(
          `SELECT migration_name AS name, finished_at IS NOT NULL AS finished FROM _prisma_migrations
           WHERE rolled_back_at IS NULL`,
        );
  const broken = rows.find(({ finished }) => !finished);
  if (broken !== undefined) {
    return fail("migrations", `${broken.name} failed half way`, "run `evertoken migrate`: it says how to go on");
  }
  const pending = known.filter((name) => !rows.some((row) => row.name === name));
  if (pending.length === 0) return ok("migrations", `${known.length} applied`);
  return fail("migrations", `${pending.length} missing: ${pending.join(", ")}`, "run `evertoken migrate`");
}

async function readMigrationNames(): Promise<string[]> {
  const directory = fileURLToPath(new URL("../migrations", import.meta.resolve("@evertoken/database")));
  const entries = await readdir(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
