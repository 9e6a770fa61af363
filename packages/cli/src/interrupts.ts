const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type Signal = (typeof signals)[number];

/** By convention, 128 and the number of the signal. */
const exitCodes: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** One Ctrl-C may arrive several times: from the terminal, from npm, from a shell in between. */
const sameMs = 1000;

export interface Interrupts {
  /** Aborted by the first one. */
  readonly signal: AbortSignal;
  readonly requested: Promise<void>;
  /** What the process should end with. */
  exitCode(): number;
  stop(): void;
}

export function listenForInterrupts({ onFirst, onSecond }: { onFirst: () => void; onSecond: () => void }): Interrupts {
  const controller = new AbortController();
  let firstAt = 0;
  let exitCode = exitCodes.SIGINT;
  const listener = (signal: Signal) => {
    if (firstAt === 0) {
      firstAt = Date.now();
      exitCode = exitCodes[signal];
      onFirst();
      controller.abort();
    } else if (Date.now() - firstAt > sameMs) onSecond();
  };
  for (const signal of signals) process.on(signal, listener);
  return {
    signal: controller.signal,
    requested: new Promise((resolve) => controller.signal.addEventListener("abort", () => resolve())),
    exitCode: () => exitCode,
    stop() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
