import { hostname, userInfo } from "node:os";
import type { Actor } from "./told.ts";

/** Who runs this process: `host:<user>` of a command, or `app:<user>` of an app that embeds the engine, with the process's number. */
export function hostActor(kind: "host" | "app"): Actor {
  return { actor: `${kind}:${userName()}`, address: kind === "host" ? hostname() : `${hostname()}:${process.pid}` };
}

/** Of a user that the host does not know by name, as in many containers, the number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}
