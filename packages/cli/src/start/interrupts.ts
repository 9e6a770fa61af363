const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One Ctrl-C may arrive several times: from the terminal, from npm, from a shell in between. */
const sameMs = 1000;

export interface Interrupts {
  /** Aborted by the first one. */
  readonly signal: AbortSignal;
  readonly requested: Promise<void>;
  stop(): void;
}

export function listenForInterrupts({ onFirst, onSecond }: { onFirst: () => void; onSecond: () => void }): Interrupts {
  const controller = new AbortController();
  let firstAt = 0;
  const listener = () => {
    if (firstAt === 0) {
      firstAt = Date.now();
      onFirst();
      controller.abort();
    } else if (Date.now() - firstAt > sameMs) onSecond();
  };
  for (const signal of signals) process.on(signal, listener);
  return {
    signal: controller.signal,
    requested: new Promise((resolve) => controller.signal.addEventListener("abort", () => resolve())),
    stop() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
