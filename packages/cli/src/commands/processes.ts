import type { Command } from "commander";
import type { Io } from "../io.ts";
import type { Run } from "../run.ts";
import { type AppName, processFile } from "../start/places.ts";

const processes: [AppName, string][] = [
  ["worker", "run the worker: it refreshes tokens, delivers events and runs syncs; any number of them"],
  ["scheduler", "run the scheduler: it sweeps, reconciles and prunes; any number of them"],
  ["api", "run the HTTP API with the connect page"],
  ["dashboard", "run the dashboard for operators"],
];

/** Each of the processes by name, in this process: signals and the exit code are its own. */
export function addProcesses(program: Command, run: Run): void {
  for (const [name, description] of processes) {
    program
      .command(name)
      .description(description)
      .action(run((io) => become(io, name)));
  }
}

async function become({ env }: Io, name: AppName): Promise<never> {
  Object.assign(process.env, env);
  await import(processFile(name));
  return new Promise(() => undefined);
}
