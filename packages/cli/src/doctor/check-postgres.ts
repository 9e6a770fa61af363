import { describeError, postgresAdvice, postgresTrouble, readSchemaState, tryPrepared } from "@evertoken/adapters";
import { migrationNames } from "@evertoken/database";
import { type Engine, faultOf } from "@evertoken/engine/internal";
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
    const pooler = await checkPooler(pool);
    return {
      usable: [migrations, ...pooler].every(({ result }) => result !== "fail"),
      findings: [ok("database", "Postgres answers"), migrations, ...pooler, clock],
    };
  } catch (error) {
    const trouble = postgresTrouble(error);
    if (trouble !== "away") {
      const { is, advice } = postgresAdvice[trouble];
      return { usable: false, findings: [fail("database", is, advice)] };
    }
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
  const known = await migrationNames();
  const state = await readSchemaState(pool, known);
  const { missing, broken, later } = state;
  if (broken !== null) {
    return fail("migrations", `${broken} failed half way`, "run `evertoken migrate`: it says how to go on");
  }
  if (missing.length > 0) {
    return fail("migrations", `${missing.length} missing: ${missing.join(", ")}`, "run `evertoken migrate`");
  }
  const fault = faultOf(state);
  if (fault !== null) return fail("migrations", "applied, but cannot be used", fault);
  if (later.length === 0) return ok("migrations", `${known.length} applied`);
  const advice = "replace what runs here by that version soon";
  return warn("migrations", `the database is of a later version: ${later.join(", ")}`, advice);
}

/** Statements keep their names on the way, and end by themselves. */
async function checkPooler(pool: Pool): Promise<Finding[]> {
  const { rows } = await pool.query<{ timeout: string }>("SELECT current_setting('statement_timeout') AS timeout");
  const unlimited = rows[0]?.timeout === "0";
  const advice = "a pooler takes no statement_timeout from us: ALTER ROLE <user> SET statement_timeout = '9s'";
  try {
    await tryPrepared(pool);
  } catch (error) {
    if (postgresTrouble(error) !== "pooler") throw error;
    return [fail("pooler", postgresAdvice.pooler.is, postgresAdvice.pooler.advice)];
  }
  return unlimited ? [warn("pooler", "statements of ours have no time limit in Postgres", advice)] : [];
}
