import { readFileSync } from "node:fs";
import { readConfig } from "@evertoken/adapters";
import { runProcess } from "@evertoken/operations";
import { partOf, whole } from "./part.ts";
import { Supervisor } from "./supervisor.ts";

const part = partOf(process.argv);
const { config, faults } = readConfig(process.env, (path) => readFileSync(path, "utf8"));

await runProcess("worker", async (life) => {
  // What is wrong with the settings is told where the work begins, with that of the providers.
  if (part === null && faults.length === 0 && config.workerProcesses > 1) {
    await new Supervisor(life, config, import.meta.filename).start();
    return;
  }
  const { work } = await import("./work.ts");
  await work(life, part ?? whole);
});
