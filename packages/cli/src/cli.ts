import { ConfigError } from "@evertoken/adapters";
import { Command, CommanderError } from "commander";
import manifest from "../package.json" with { type: "json" };
import { addAdopt } from "./commands/adopt.ts";
import { addAudit } from "./commands/audit.ts";
import { addCompletion } from "./commands/completion.ts";
import { addConnectLink } from "./commands/connect-link.ts";
import { addConnections } from "./commands/connections.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addHashPassword } from "./commands/hash-password.ts";
import { addKeys } from "./commands/keys.ts";
import { addLog } from "./commands/log.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addProcesses } from "./commands/processes.ts";
import { addProviders } from "./commands/providers.ts";
import { addReconcile } from "./commands/reconcile.ts";
import { addRefresh } from "./commands/refresh.ts";
import { addScheduleNow } from "./commands/schedule-now.ts";
import { addSimulate } from "./commands/simulate.ts";
import { addStart } from "./commands/start.ts";
import { addStatus } from "./commands/status.ts";
import { addSync } from "./commands/sync.ts";
import { addTop } from "./commands/top.ts";
import { addUsers } from "./commands/users.ts";
import { addWebhooks } from "./commands/webhooks.ts";
import { isGiven, merge, readGivenEnvironment, readLocalEnv } from "./environment.ts";
import { explain, failureOf, Interrupted, UsageError } from "./failure.ts";
import { asLines, createOutput, type Surroundings } from "./io.ts";
import type { Run } from "./run.ts";

const epilogue = `
Settings come from the environment, then from .env in the working directory, then from .evertoken/env, which
\`evertoken start\` writes. With --json, standard output holds JSON and nothing else; logs go to standard error.

Exit codes: 0 done, 1 failed (or some of it did), 2 wrong usage, 128 and the number of the signal when interrupted.`;

/** Runs one command. @returns its exit code */
export async function runCli(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const json = args.includes("--json");
  const output = createOutput(surroundings, json);
  let exitCode = 0;
  const run: Run =
    (action) =>
    async (...given) => {
      const givenEnv = readGivenEnvironment(surroundings);
      const io = { ...surroundings, ...output, json, givenEnv, env: merge(readLocalEnv(surroundings.cwd), givenEnv) };
      exitCode = (await action(io, ...given)) ?? 0;
    };
  try {
    await createProgram(run, surroundings).parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = failureOf(error);
    // Commander has already said what was wrong.
    if (!(error instanceof CommanderError)) surroundings.stderr.write(asLines([explain(failure)]));
    if (error instanceof ConfigError && isSomewhereElse(surroundings)) output.note(elsewhere);
    if (json) output.result({ error: failure }, () => []);
    if (error instanceof Interrupted) return error.exitCode;
    return error instanceof CommanderError || error instanceof UsageError ? 2 : 1;
  }
}

const elsewhere =
  "No settings were found here. Run this in the directory where `evertoken start` runs, or see .env.example.";

const isSomewhereElse = (surroundings: Surroundings) =>
  !isGiven(readGivenEnvironment(surroundings), "DATABASE_URL") &&
  Object.keys(readLocalEnv(surroundings.cwd)).length === 0;

function createProgram(run: Run, { stdout, stderr }: Surroundings): Command {
  const program = new Command("evertoken")
    .description("Keeps the OAuth tokens of connected accounts fresh.")
    .option("--json", "answer in JSON")
    .version(manifest.version, "-V, --version", "say which version this is")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .showHelpAfterError("(--help shows the usage)")
    .addHelpText("after", epilogue)
    .exitOverride();
  const add = [
    addStart,
    addStatus,
    addTop,
    addConnections,
    addRefresh,
    addSimulate,
    addScheduleNow,
    addReconcile,
    addLog,
    addProviders,
  ];
  for (const command of [
    ...add,
    addSync,
    addConnectLink,
    addKeys,
    addUsers,
    addWebhooks,
    addHashPassword,
    addAudit,
    addAdopt,
    addDoctor,
    addMigrate,
    addCompletion,
    addProcesses,
  ])
    command(program, run);
  return program;
}
