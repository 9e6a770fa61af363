import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The API as it runs in production: its own process, its own main. */
export async function startApi(env: Record<string, string>): Promise<{ port: number; stop(): Promise<void> }> {
  const main = fileURLToPath(import.meta.resolve("../../apps/api/src/main.ts"));
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, NODE_OPTIONS: process.env.BENCH_NODE_OPTIONS, ...env, LOG_LEVEL: "info" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      const { msg, port } = JSON.parse(line) as { msg?: string; port?: number };
      if (msg === "api ready" && port !== undefined) resolve(port);
    });
    child.once("exit", () => reject(new Error("the API ended before it was ready")));
  });
  return {
    port,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
