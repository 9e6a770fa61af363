const againAfterMs = [1000, 2000, 4000, 8000, 16_000];

/**
 * Goes on, behind the back of whoever had to give a statement up, to undo or finish what it may have left in Postgres. Each try is
 * conditional, so none does harm; after half a minute the lease takes care of it. Never throws, and keeps no process alive.
 *
 * @param task says whether it is done
 */
export function tryLater(task: () => Promise<boolean>, tries: readonly number[] = againAfterMs): void {
  const [ms, ...rest] = tries;
  if (ms === undefined) return;
  const timer = setTimeout(async () => {
    const done = await task().catch(() => false);
    if (!done) tryLater(task, rest);
  }, ms);
  timer.unref();
}
