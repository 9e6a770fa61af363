import { runCli } from "./cli.ts";

// `evertoken connections list | head` closes our output early: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  readerGone = true;
  // What runs finishes first, as after any other interrupt.
  if (!process.emit("SIGTERM", "SIGTERM")) process.exit(0);
});
let readerGone = false;

const exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});

process.exitCode = readerGone ? 0 : exitCode;

// Whoever reads it through a pipe gets all of it, however slow.
await new Promise((resolve) => process.stdout.write("", resolve));
// A driver that still waits for a server that is away must not keep the terminal.
setTimeout(() => process.exit(), 100).unref();
