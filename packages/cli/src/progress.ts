import { SingleBar } from "cli-progress";
import type { Io } from "./io.ts";

export interface Progress {
  /** @param total may grow */
  update(done: number, total: number, text?: string): void;
  stop(): void;
}

/** A bar where somebody watches; nothing in pipes and with --json. */
export function createProgress({ stderr, json }: Pick<Io, "stderr" | "json">, label: string): Progress {
  if (json || stderr.isTTY !== true) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    stream: stderr,
    format: `${label} [{bar}] {value}/{total} {text}`,
    hideCursor: true,
    clearOnComplete: true,
  });
  let running = false;
  return {
    update(done, total, text = "") {
      if (!running) bar.start(total, done, { text });
      running = true;
      bar.setTotal(total);
      bar.update(done, { text });
    },
    stop: () => bar.stop(),
  };
}
