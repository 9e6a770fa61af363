import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";

/**
 * Loaded into each app before its own code. Our end of its standard input closes when `evertoken start` ends, even by `kill -9`: then
 * the app stops in order instead of living on unseen.
 */
process.stdin.on("end", () => {
  // Nobody reads its output any more, and the logger's last flush at exit would try that pipe for ever (sonic-boom, EPIPE). What is
  // opened takes the number that was closed.
  for (const output of [1, 2]) {
    closeSync(output);
    openSync(devNull, "w");
  }
  process.kill(process.pid, "SIGTERM");
});
process.stdin.on("error", () => undefined);
process.stdin.resume();
(process.stdin as typeof process.stdin & { unref?: () => void }).unref?.();
