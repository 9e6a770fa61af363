import { startTokenServer, type TokenServerOptions } from "./token-server.ts";
import { startTokenServerControl } from "./token-server-control.ts";

/**
 * The token server as a process of its own. Its one argument is a JSON object: the options, and `controlPort`. Prints one JSON line with
 * its addresses when it is ready.
 */
const options: TokenServerOptions & { controlPort?: number } = JSON.parse(process.argv[2] ?? "{}");
const server = await startTokenServer(options);
const control = await startTokenServerControl(server, options.controlPort);
const { url, tokenUrl, authorizeUrl, revokeUrl, identityUrl } = server;
console.log(JSON.stringify({ url, tokenUrl, authorizeUrl, revokeUrl, identityUrl, controlUrl: control.url }));

async function stop(): Promise<void> {
  await server.stop();
  await control.stop();
  process.exit(0);
}

process.once("SIGTERM", stop);
process.once("SIGINT", stop);
// Started by a test through IPC: when the test's process is gone, so is the need for this one.
process.once("disconnect", stop);
