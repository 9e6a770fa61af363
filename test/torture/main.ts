import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCleanups } from "../support/services.ts";
import { readOptions, type TortureOptions, usage } from "./options.ts";
import { type Report, runTorture } from "./run-torture.ts";
import { faultNames } from "./torment.ts";

/** `npm run torture`: prints a table, and ends with 1 when a row that has to be 0 is not. */
const options = optionsOrExit();
const say = (line: string) => process.stdout.write(`torture: ${line}\n`);
say(`seed ${options.seed}`);
// As an operator who presses Ctrl-C: what was started is ended.
process.once("SIGINT", () => void runCleanups().finally(() => process.exit(130)));
process.once("SIGTERM", () => void runCleanups().finally(() => process.exit(143)));

let report: Report | null = null;
try {
  report = await runTorture(options, say);
  print(report);
} finally {
  await runCleanups();
}
process.exit(report.broken.length === 0 ? 0 : 1);

function optionsOrExit(): TortureOptions {
  try {
    const read = readOptions(process.argv.slice(2));
    const unknown = read.only.find((name) => !faultNames.includes(name));
    if (unknown === undefined) return read;
    throw new Error(`there is no fault "${unknown}"; there are: ${faultNames.join(", ")}`);
  } catch (error) {
    process.stderr.write(`torture: ${(error as Error).message}\n${usage}\n`);
    process.exit(2);
  }
}

function print({ seed, table, violations, broken, outputs }: Report): void {
  const width = Math.max(...table.map(({ what }) => what.length));
  for (const { what, count, wanted } of table) {
    const verdict = wanted === null ? "" : count === wanted ? "  ok" : "  BROKEN, has to be 0";
    process.stdout.write(`${what.padEnd(width)}  ${String(count).padStart(8)}${verdict}\n`);
  }
  const directory = fileURLToPath(new URL(`../results/torture-${seed}`, import.meta.url));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "violations.json"), JSON.stringify(violations, null, 2));
  for (const [index, output] of outputs.entries()) writeFileSync(join(directory, `process-${index}.log`), output);
  for (const line of broken) say(line);
  for (const { kind, connectionId, family, why } of violations.slice(0, 20)) {
    say(`${kind}: connection ${connectionId}, grant ${family}: ${why}`);
  }
  if (broken.length > 0) say(`the details and all output stand in ${directory}`);
}
