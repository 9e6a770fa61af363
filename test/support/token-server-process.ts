import { fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { programFile } from "./programs.ts";
import type { TokenServer, TokenServerOptions } from "./token-server.ts";
import { remoteTokenServer } from "./token-server-control.ts";

/** Starts the token server in a process of its own, so that its CPU time is not the engine's; ends with this process at the latest. */
export async function startTokenServerProcess(
  options: TokenServerOptions & { controlPort?: number } = {},
): Promise<TokenServer & { controlUrl: string; pid: number | undefined }> {
  const child = fork(programFile("token-server"), [JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const exited = once(child, "exit");
  if (!child.stdout) throw new Error("no standard output of the token server");
  const lines = createInterface(child.stdout);
  const ready = await Promise.race([once(lines, "line").then(([line]) => String(line)), exited.then(() => undefined)]);
  if (ready === undefined) throw new Error("the token server ended before it was ready");
  const addresses = JSON.parse(ready);
  return {
    ...remoteTokenServer(addresses),
    controlUrl: addresses.controlUrl,
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
