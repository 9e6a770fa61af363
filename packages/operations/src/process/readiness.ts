/** What a process answers at `/readyz`: every check by name, `"ok"` (or `"ok, but ..."`) or a short reason. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

export type ReadyChecks = () => Promise<Readonly<Record<string, string>>>;

/**
 * A check's reason is written by us ("down", "12 overdue"), but a careless check hands on what a driver said, and
 * connection errors quote URLs with passwords in them. Only plain words pass; anything else is just "failed".
 */
function publicReason(reason: unknown): string {
  return typeof reason === "string" && /^[a-z0-9][a-z0-9_ .,-]{0,79}$/i.test(reason) ? reason : "failed";
}

/** Runs the checks with a deadline: a probe that hangs with its database is worse than one that says no. Never rejects. */
export async function readiness(ready: ReadyChecks, deadlineMs = 3000): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<Record<string, string>>((resolve) => {
    timer = setTimeout(() => resolve({ ready: "timeout" }), deadlineMs);
  });
  try {
    const answers = await Promise.race([Promise.resolve().then(ready), deadline]);
    const checks = Object.fromEntries(Object.entries(answers).map(([name, reason]) => [name, publicReason(reason)]));
    return { ready: Object.values(checks).every((reason) => reason === "ok" || reason.startsWith("ok, ")), checks };
  } catch {
    return { ready: false, checks: { ready: "failed" } };
  } finally {
    clearTimeout(timer);
  }
}
