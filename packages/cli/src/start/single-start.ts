import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
import { StartError } from "./start-error.ts";
import type { Stoppable } from "./stoppables.ts";

/**
 * One `evertoken start` at a time in a directory. It listens on a socket there, which ends with the process however that ends, and
 * tells whoever comes second who was first.
 */
export async function claimStart(cwd: string): Promise<Stoppable> {
  const directory = join(cwd, ".evertoken");
  await mkdir(directory, { recursive: true });
  // The name of a socket is short by nature: about 100 bytes.
  const path = relative(process.cwd(), join(directory, "start.sock"));
  const server = (await listen(path)) ?? (await listenAgain(path));
  return {
    async stop() {
      server?.close();
    },
  };
}

async function listenAgain(path: string): Promise<Server | null> {
  const owner = await askOwner(path);
  if (owner !== null) {
    throw new StartError("already_running", `evertoken runs here already, as process ${owner}: stop that one first`);
  }
  await rm(path, { force: true });
  return listen(path);
}

/** @returns null when there is a socket already, or when this file system has none: then the databases' own claims must do */
async function listen(path: string): Promise<Server | null> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end(String(process.pid));
  });
  server.listen(path);
  try {
    await once(server, "listening");
    server.unref();
    return server;
  } catch {
    return null;
  }
}

async function askOwner(path: string): Promise<string | null> {
  try {
    return await text(connect(path));
  } catch {
    return null;
  }
}
