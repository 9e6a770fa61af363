import { randomUUID } from "node:crypto";
import { afterAll } from "vitest";
import { runCleanups } from "./services.ts";
import { endLeftProcesses } from "./services-leaks.ts";

/** Every process that this file starts inherits it, and so do theirs. */
const marker = randomUUID();
process.env.EVERTOKEN_TEST_FILE = marker;

// Registered before any hook of the file itself, so it runs after all of those.
afterAll(async () => {
  await runCleanups();
  const left = await endLeftProcesses(marker);
  if (left.length > 0) throw new Error(`this file left processes running:\n${left.join("\n")}`);
});
