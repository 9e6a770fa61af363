import { createServer } from "node:net";
import type { Env } from "@evertoken/adapters";
import { freePort } from "@evertoken/local";
import { StartError } from "./start-error.ts";

/** What a port is for; `fallback` is taken when nobody says otherwise. */
export interface PortWish {
  readonly name: string;
  readonly host: string;
  readonly fallback: number;
}

/** A port that was asked for is taken, or it is an error; a default one gives way to a free one. */
export async function choosePort(env: Env, wish: PortWish, say: (line: string) => void): Promise<number> {
  const { name, host, fallback } = wish;
  const asked = env[name]?.trim();
  const wanted = asked === undefined || asked === "" ? fallback : Number(asked);
  if (wanted === 0) return freePort();
  if (await isFree(host, wanted)) return wanted;
  if (asked !== undefined && asked !== "") {
    throw new StartError(
      "port_taken",
      `${name} is ${wanted}, where something else listens: stop that or choose another`,
    );
  }
  const port = await freePort();
  say(`Port ${wanted} is taken by something else; using ${port} (${name} chooses another).`);
  return port;
}

function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
