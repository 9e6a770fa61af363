import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionView } from "@evertoken/engine";
import type { Command } from "commander";
import { parseDuration } from "../duration.ts";
import type { Io } from "../io.ts";
import { type Opened, withEngine } from "../open.ts";
import type { Run } from "../run.ts";

export function addSync(program: Command, run: Run): void {
  program
    .command("sync <id>")
    .description("sync one connection through the worker, or through the app that has a handler for its provider")
    .option("--wait <time>", "how long to wait for how it ends; 0s only asks for it", "30s")
    .action(run(sync));
}

async function sync(io: Io, id: string, { wait }: { wait: string }): Promise<number> {
  const waitMs = parseDuration(wait);
  return withEngine(io, async (opened) => {
    const { connectionId, queue } = await opened.evertoken.sync(id);
    const {
      lastSyncStatus: status,
      lastSyncMessage: message,
      lastSyncAt,
    } = await whenEnded(opened, connectionId, waitMs);
    const ended = status !== "pending";
    io.result({ connectionId, queue, status, message, syncedAt: ended ? lastSyncAt : null }, () => [
      ended
        ? `${connectionId} is synced: ${[status, message].filter((part) => part !== null).join(", ")}`
        : waitMs === 0
          ? `${connectionId} will be synced (queue ${queue})`
          : `${connectionId} was not synced after ${wait}, and still will be: does whoever runs the queue ${queue} run?`,
    ]);
    return status === "success" || (waitMs === 0 && !ended) ? 0 : 1;
  });
}

const lookMs = 200;

/** As it is when the sync has ended, or the time is over: a failure that is retried counts as pending. */
async function whenEnded({ evertoken }: Opened, id: string, waitMs: number): Promise<ConnectionView> {
  const end = Date.now() + waitMs;
  for (;;) {
    const connection = await evertoken.connections.get(id);
    if (connection.lastSyncStatus !== "pending" || Date.now() >= end) return connection;
    await sleep(lookMs);
  }
}
