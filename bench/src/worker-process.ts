import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A worker as it runs in production: its own process, its own main. */
export async function startWorker(
  env: Record<string, string>,
): Promise<{ readonly pid: number; stop(): Promise<void> }> {
  const main = fileURLToPath(import.meta.resolve("../../apps/worker/src/main.ts"));
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, NODE_OPTIONS: process.env.BENCH_NODE_OPTIONS, ...env, LOG_LEVEL: "info" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (data) => String(data).includes("worker ready") && resolve());
    child.once("exit", () => reject(new Error("the worker ended before it was ready")));
  });
  return {
    pid: child.pid as number,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
