import type { Command } from "commander";
import { examine } from "../doctor/examine.ts";
import type { Finding } from "../doctor/finding.ts";
import type { Io } from "../io.ts";
import type { Run } from "../run.ts";
import { printable } from "../table.ts";

export function addDoctor(program: Command, run: Run): void {
  program
    .command("doctor")
    .description("check settings, database, keys, Redis, clock, credentials and kept token sets, and say what to do")
    .addHelpText("after", "\nEach check is ok, warn or fail. The exit code is 1 when any failed. Nothing is changed.")
    .action(run(doctor));
}

async function doctor(io: Io): Promise<number> {
  const findings = await examine(io.env);
  const healthy = findings.every(({ result }) => result !== "fail");
  io.result({ healthy, findings }, () => findings.flatMap(toLines));
  return healthy ? 0 : 1;
}

function toLines({ check, result, detail, advice }: Finding): string[] {
  const line = `${result.padEnd(4)}  ${check.padEnd(16)}  ${printable(detail)}`;
  return advice === null ? [line] : [line, `${" ".repeat(24)}-> ${advice}`];
}
