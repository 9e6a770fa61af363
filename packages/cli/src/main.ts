import { runCli } from "./cli.ts";

// `evertoken connections list | head` closes our output early: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});

// A driver that still waits for a server that is away must not keep the terminal.
setTimeout(() => process.exit(), 100).unref();
