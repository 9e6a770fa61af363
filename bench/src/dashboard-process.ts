import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "@evertoken/local";

const password = "a password for the bench";

export interface Dashboard {
  /** Reads a page as someone who is logged in. @returns how long it took, in ms */
  read(path: string): Promise<number>;
  stop(): Promise<void>;
}

/** The dashboard as it runs in production: its own process, its own main. */
export async function startDashboard(env: Record<string, string>): Promise<Dashboard> {
  const main = fileURLToPath(import.meta.resolve("../../apps/dashboard/src/main.ts"));
  const port = await freePort();
  const own = { DASHBOARD_PORT: String(port), DASHBOARD_PASSWORD: password };
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, ...env, ...own, LOG_LEVEL: "info" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => line.includes('"dashboard ready"') && resolve());
    child.once("exit", () => reject(new Error("the dashboard ended before it was ready")));
  });
  const origin = `http://127.0.0.1:${port}`;
  const entered = await fetch(`${origin}/login`, {
    method: "POST",
    redirect: "manual",
    headers: { origin, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ name: "operator", password }).toString(),
  });
  const cookie = entered.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
  return {
    async read(path) {
      const started = performance.now();
      const answer = await fetch(`${origin}${path}`, { headers: { cookie, accept: "text/html" }, redirect: "manual" });
      await answer.text();
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
      return performance.now() - started;
    },
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
