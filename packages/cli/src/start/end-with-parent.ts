/**
 * Loaded into each app before its own code. Our end of its standard input closes when `evertoken start` ends, even by `kill -9`: then
 * the app stops in order instead of living on unseen.
 */
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.on("error", () => undefined);
process.stdin.resume();
(process.stdin as typeof process.stdin & { unref?: () => void }).unref?.();
