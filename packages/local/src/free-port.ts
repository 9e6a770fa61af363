import { createServer } from "node:net";

/** The ports of a Postgres or Redis that somebody else runs, or will want to. */
const standardPorts = new Set([5432, 6379]);

/** A loopback port that nobody listens on, and that is not a standard one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("a TCP server has an address with a port");
  return standardPorts.has(address.port) ? freePort() : address.port;
}
