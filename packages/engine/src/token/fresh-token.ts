import { type TokenRow, tokenById } from "@evertoken/adapters";
import type { RefreshOrder, RefreshResult } from "@evertoken/core";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import type { FreshOrder } from "./fresh-order.ts";
import { type Reason, refusalProblem } from "./refusal-problem.ts";
import { canAsk, refreshByWorker } from "./worker-refresh.ts";

/** What became of a wish for a fresh token: the row as it is now, and why it is not fresh if it is not. */
export interface Freshened {
  readonly row: TokenRow;
  readonly refreshed: boolean;
  /** Present in memory only when this process did the refresh and the store could not take it yet. */
  readonly accessToken: string | null;
  readonly expiresAt: Date | null;
  readonly problem: (Reason & { readonly retryAt: Date | null }) | null;
}

const firstPollMs = 20;
const longestPollMs = 250;

/**
 * Refreshes inline, through the same path as the workers, and so that N concurrent callers cause one request: within a process they
 * share a promise, across processes all but the holder of the lease wait for the generation to move.
 */
export class FreshToken {
  readonly #engine: Engine;
  readonly #running = new Map<string, Promise<Freshened>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  replace(order: FreshOrder): Promise<Freshened> {
    const key = `${order.connectionId}-${order.generation}-${order.force}`;
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = this.#engine.work.run(() => this.#replace(order)).finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  async #replace(order: FreshOrder): Promise<Freshened> {
    const seen = await this.#row(order.connectionId);
    if (seen.generation !== order.generation) return { ...unchanged(seen), refreshed: true };
    // What is not refreshed at all is refused by its claim, whoever asks.
    if (seen.auth_type !== "oauth2" || (await canAsk(this.#engine, seen.provider))) return this.#inline(order);
    const { row, problem } = await refreshByWorker(this.#engine, order, seen);
    return { ...unchanged(row), refreshed: problem === null, problem };
  }

  async #inline(order: FreshOrder): Promise<Freshened> {
    const { config, work } = this.#engine;
    const deadline = Date.now() + config.request.timeoutMs + config.lease.takeoverMs;
    const refreshOrder: RefreshOrder = { ...order, onlyDue: false };
    for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 1.5, longestPollMs)) {
      const result = await withStore(() => this.#engine.runRefresh(refreshOrder)).catch(spoolAway);
      const row = await this.#row(order.connectionId);
      if (result instanceof EvertokenError) {
        return { ...unchanged(row), problem: { code: result.code, message: result.message, retryAt: null } };
      }
      const soon = result.kind === "refused" && (result.why === "busy" || isComparing(this.#engine, result.why));
      if (!soon) return toFreshened(this.#engine, order, result, row);
      if (row.generation !== order.generation) return { ...unchanged(row), refreshed: true };
      if (Date.now() > deadline) {
        return { ...unchanged(row), problem: { ...refusalProblem(result, row), retryAt: result.until } };
      }
      await work.pause(pollMs);
    }
  }

  async #row(id: string): Promise<TokenRow> {
    const row = await withStore(() => tokenById(this.#engine.pool, id));
    if (row === null) throw notFound(id);
    return row;
  }
}

/** What a failover lost is looked for: that takes moments. */
function isComparing({ installation }: Engine, why: string): boolean {
  return why === "held" && installation.held?.why === "comparing";
}

/** Nothing was sent, and the store works: a token that lives can be served meanwhile. */
function spoolAway(error: unknown): EvertokenError {
  if (error instanceof EvertokenError && error.code === "queue_unavailable") return error;
  throw error;
}

export function notFound(what: string): EvertokenError {
  return new EvertokenError("connection_not_found", `there is no connection ${what}`);
}

const unchanged = (row: TokenRow): Freshened => ({
  row,
  refreshed: false,
  accessToken: null,
  expiresAt: row.expires_at,
  problem: null,
});

function toFreshened({ keyring }: Engine, order: FreshOrder, result: RefreshResult, row: TokenRow): Freshened {
  if (row.generation !== order.generation) return { ...unchanged(row), refreshed: true };
  if (result.kind === "refused") {
    return { ...unchanged(row), problem: { ...refusalProblem(result, row), retryAt: result.until } };
  }
  const { transition } = result.record;
  if (transition.kind === "store") {
    const { connectionId, provider, registration } = result.record;
    // What was found in the spool comes sealed.
    const open = () =>
      keyring.open(transition.tokens.accessToken, { id: connectionId, provider, registration }, "access_token");
    const accessToken = result.granted?.accessToken ?? open();
    return { ...unchanged(row), refreshed: true, accessToken, expiresAt: transition.expiresAt };
  }
  const code = result.record.log.errorCode ?? "provider_unavailable";
  const message = transition.message ?? result.record.log.outcome;
  return { ...unchanged(row), problem: { code, message, retryAt: transition.resumeAt } };
}
