import { fork } from "node:child_process";
import { once } from "node:events";
import { inherited } from "./inherited.ts";
import { programFile } from "./programs.ts";
import type { Env } from "./rig.ts";
import { onFileEnd } from "./services.ts";

export interface Calls {
  readonly tokens: readonly string[];
  readonly errors: readonly string[];
}

/** Starts an app in a process of its own. @returns what has it call getAccessToken `calls` times at once */
export async function startTokenCaller(env: Env): Promise<(connectionId: string, calls: number) => Promise<Calls>> {
  const child = fork(programFile("token-caller"), [], {
    env: { ...inherited(), ...env },
  });
  const exited = once(child, "exit");
  onFileEnd(async () => {
    if (child.connected) child.disconnect();
    await exited;
  });
  await once(child, "message");
  return async (connectionId, calls) => {
    const answer = once(child, "message");
    child.send({ connectionId, calls });
    const [got] = await answer;
    return got as Calls;
  };
}
