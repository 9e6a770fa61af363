/** Evertoken as it runs for somebody who has installed the package `evertoken`: `evertoken start` in an empty folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseEnv } from "node:util";

/**
 * @param command path of the installed command
 * @param cwd the empty folder
 * @returns {Promise<{ url: string, key: string, connection: { id: string, user_id: string, provider: string }, settings: object, stop: () => Promise<number> }>} with a connected
 *   demo account; `settings` are those that the embedded client takes, `stop` gives the exit code
 */
export async function startPackedInstance(command, cwd) {
  // Whatever is free: the usual ports may be taken.
  const ports = { DASHBOARD_PORT: "0", API_PORT: "0", WORKER_PORT: "0", SCHEDULER_PORT: "0", DEMO_PORT: "0" };
  const child = spawn(process.execPath, [command, "start", "--accounts", "1", "--json"], {
    cwd,
    env: { ...process.env, ...ports },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit").then(([code]) => code);
  const stop = () => {
    child.kill("SIGTERM");
    return exited;
  };
  try {
    const ready = await Promise.race([readyOf(child.stdout), exited.then(failed)]);
    const env = parseEnv(readFileSync(join(cwd, ".evertoken/env"), "utf8"));
    const { url } = ready.api;
    const key = env.EVERTOKEN_API_KEY;
    const answer = await fetch(`${url}/v1/connections`, { headers: { authorization: `Bearer ${key}` } });
    const { data } = await answer.json();
    const settings = Object.fromEntries(Object.entries(env).map(([name, value]) => [`EVERTOKEN_${name}`, value]));
    return { url, key, connection: data[0], settings, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function readyOf(stdout) {
  const lines = [];
  for await (const line of createInterface({ input: stdout })) {
    lines.push(line);
    const event = JSON.parse(line);
    if (event.event !== "ready") continue;
    stdout.resume();
    return event;
  }
  throw new Error(`it ended before it was ready:\n${lines.join("\n")}`);
}

function failed(code) {
  throw new Error(`evertoken start ended with ${code}`);
}
