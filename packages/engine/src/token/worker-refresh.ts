import { setDue, type TokenRow, tokenById } from "@evertoken/adapters";
import type { Engine } from "../engine.ts";
import { EvertokenError, withQueue, withStore } from "../evertoken-error.ts";
import type { FreshOrder } from "./fresh-order.ts";
import { reauthCode } from "./reauth-code.ts";

const pollMs = 50;

/** Whether this process has what it takes to ask the provider itself. An app may leave client secrets to the workers. */
export async function canAsk({ providers }: Engine, provider: string): Promise<boolean> {
  const known = await withStore(() => providers.find(provider));
  return known !== undefined && (known.configured || known.policy.spends === "nothing");
}

/**
 * Has a worker refresh the connection, and waits for its generation to move. Says no when the worker's attempt failed, or when
 * nothing happened in time.
 *
 * @returns the row afterwards, and why it is not fresh if it is not
 */
export async function refreshByWorker(
  engine: Engine,
  order: FreshOrder,
  row: TokenRow,
): Promise<{ row: TokenRow; problem: { code: EvertokenError["code"]; message: string; retryAt: Date | null } | null }> {
  const started = engine.clock.now();
  const due = await withStore(() => setDue(engine.pool, row.id, order.generation, started, order.force));
  if (due !== null && due.dueAt <= started) {
    const data = { trigger: order.trigger, ...(order.force ? { force: true as const } : {}) };
    await withQueue(() =>
      engine.queues.bringForward({ id: row.id, provider: row.provider, generation: order.generation }, data),
    );
  }
  const deadline = started.getTime() + engine.config.request.timeoutMs;
  for (;;) {
    const now = await withStore(() => tokenById(engine.pool, row.id));
    if (now === null) throw new EvertokenError("connection_not_found", `there is no connection ${row.id}`);
    if (now.generation !== order.generation) return { row: now, problem: null };
    const failed = await failure(engine, row.id, order.generation, started);
    const gaveUp = due === null || due.dueAt.getTime() > deadline || engine.clock.now().getTime() > deadline;
    if (failed !== null || gaveUp) return { row: now, problem: failed ?? silence(now) };
    await engine.work.pause(pollMs);
  }
}

async function failure({ prisma }: Engine, connectionId: string, generation: number, since: Date) {
  const attempt = await withStore(() =>
    prisma.tokenRefreshLog.findFirst({
      where: { connectionId, generation, success: false, createdAt: { gte: since } },
      orderBy: { id: "desc" },
    }),
  );
  if (attempt === null) return null;
  const code = (attempt.errorCode ?? "provider_unavailable") as EvertokenError["code"];
  return { code, message: attempt.message ?? attempt.outcome, retryAt: null };
}

function silence(row: TokenRow) {
  if (row.status === "disconnected" || row.status === "needs_reauth") {
    const code = row.status === "disconnected" ? ("disconnected" as const) : reauthCode(row);
    return { code, message: "no worker can refresh it: the user has to connect this account again", retryAt: null };
  }
  const code = (row.last_error_code ?? "timed_out") as EvertokenError["code"];
  return {
    code,
    message: "no worker has refreshed it in time, and this process has no client registration",
    retryAt: row.next_refresh_at,
  };
}
