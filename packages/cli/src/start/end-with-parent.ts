/**
 * Loaded into each app before its own code. Our end of its standard input closes when `evertoken start` ends, even by `kill -9`: then
 * the app stops in order instead of living on unseen.
 */
process.stdin.on("end", () => {
  // Nobody reads its output any more: that must not keep it from stopping in order.
  for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined);
  process.kill(process.pid, "SIGTERM");
});
process.stdin.on("error", () => undefined);
process.stdin.resume();
(process.stdin as typeof process.stdin & { unref?: () => void }).unref?.();
