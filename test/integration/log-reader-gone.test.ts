import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createRig } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Logs a line and ends at once, so that the line is still to be written at its exit. */
const script = `
  import { createLogger } from "@evertoken/adapters";
  const logger = createLogger("test", "info");
  process.stdin.once("end", () => {
    for (let n = 0; n < 10; n++) logger.info("x".repeat(10_000));
    process.exit(7);
  }).resume();`;

const startScript = () => spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: root });

test("a process whose log nobody reads any more ends all the same", async () => {
  const child = startScript();
  onFileEnd(async () => child.kill("SIGKILL"));
  child.stdout.destroy();
  await once(child.stdout, "close");
  child.stdin.end();
  const [code] = await once(child, "exit", { signal: AbortSignal.timeout(10_000) });
  expect(code).toBe(7);
});

test("what is logged last is written when somebody reads it", async () => {
  const child = startScript();
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stdin.end();
  await once(child, "close");
  expect(output.trim().split("\n")).toHaveLength(10);
});

test("a worker whose log reader died stops in order", async () => {
  const rig = await createRig();
  const worker = await rig.start("worker");
  worker.child.stdout?.destroy();
  worker.child.stderr?.destroy();
  const connection = await rig.connect();
  await rig.client.scheduleNow(connection.id);
  await expect.poll(async () => (await rig.row(connection.id)).generation).toBe(2);
  expect(await worker.stop()).toBe(0);
});
