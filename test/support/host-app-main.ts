import { ConfigError, createEvertoken } from "@evertoken/engine";

/**
 * An app with an environment and habits of its own. It prints what it got and what became of its process, then closes and has nothing
 * more to do: it ends by itself, or it hangs.
 */
const events = [
  "exit",
  "beforeExit",
  "uncaughtException",
  "unhandledRejection",
  "warning",
  "SIGTERM",
  "SIGINT",
  "SIGHUP",
];
const listeners = () => Object.fromEntries(events.map((event) => [event, process.listenerCount(event)]));

const before = listeners();
const writesBefore = process.stdout.bytesWritten;
try {
  const evertoken = createEvertoken({ env: process.env });
  const { generation } = await evertoken.getAccessToken(process.env.APP_CONNECTION ?? "");
  const during = listeners();
  await evertoken.close();
  const printed = process.stdout.bytesWritten - writesBefore;
  console.log(JSON.stringify({ generation, printed, before, during, after: listeners() }));
} catch (error) {
  console.log(JSON.stringify({ faults: error instanceof ConfigError ? error.faults : [String(error)] }));
}
