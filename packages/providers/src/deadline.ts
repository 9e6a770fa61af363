/** A timer that fires this late did so because the process, or the whole host, stood still. */
const stoodStillMs = 200;

/** Then what was on its way comes now. */
const graceMs = 1000;

/**
 * Calls `passed` after so much time, but not before what lies in the sockets was read: timers run before sockets, so in a process that
 * stood still each deadline fires first, on answers that came in time.
 *
 * @returns ends the watch
 */
export function startDeadline(ms: number, passed: () => void): () => void {
  const dueAtMs = [performance.now() + ms, Date.now() + ms] as const;
  let timer = setTimeout(() => {
    const lateMs = Math.max(performance.now() - dueAtMs[0], Date.now() - dueAtMs[1]);
    if (lateMs > stoodStillMs) timer = setTimeout(pass, graceMs);
    else pass();
  }, ms);
  // Immediates run after sockets were read: the first one after this turn's, the second after what that led to.
  let immediate: NodeJS.Immediate | null = null;
  const pass = () => {
    immediate = setImmediate(() => {
      immediate = setImmediate(passed);
    });
  };
  return () => {
    clearTimeout(timer);
    if (immediate !== null) clearImmediate(immediate);
  };
}
