import type { RawAnswer } from "@evertoken/core";

/** How one attempt to deliver ended. `error` is short and holds nothing of the answer's body. */
export type AttemptResult =
  | { readonly kind: "delivered"; readonly httpStatus: number | null; readonly note?: string }
  | {
      readonly kind: "failed";
      readonly httpStatus: number | null;
      readonly error: string;
      /** The receiver did not answer at all, or asked all of us to wait: others of its deliveries would fare no better. */
      readonly forAll: boolean;
      /** What the receiver asked for. */
      readonly waitMs: number | null;
      /** It wants nothing any more (410). */
      readonly gone: boolean;
    };

export type Failed = Extract<AttemptResult, { kind: "failed" }>;

export function failed(error: string, more: Partial<Omit<Failed, "kind" | "error">> = {}): Failed {
  return { kind: "failed", httpStatus: null, error, forAll: false, waitMs: null, gone: false, ...more };
}

/** Standard Webhooks: any 2xx is taken for delivered, 410 for "do not send again", 429 and 502 to 504 for "slow down". */
export function judgeAnswer(answer: RawAnswer, now: Date): AttemptResult {
  if (answer.kind === "failure") {
    const error = answer.code === "ERR_PRIVATE_ADDRESS" ? "the address is a private one" : answer.code;
    return failed(error, { forAll: true });
  }
  const { status: httpStatus } = answer;
  if (httpStatus >= 200 && httpStatus < 300) return { kind: "delivered", httpStatus };
  const slowDown = httpStatus === 429 || httpStatus === 503;
  return failed(`HTTP ${httpStatus}`, {
    httpStatus,
    forAll: slowDown || httpStatus === 502 || httpStatus === 504,
    waitMs: slowDown ? retryAfterMs(answer.headers["retry-after"], now) : null,
    gone: httpStatus === 410,
  });
}

const longestWaitMs = 86_400_000;

/** Seconds or a date (RFC 9110 section 10.2.3). */
function retryAfterMs(value: string | undefined, now: Date): number | null {
  if (value === undefined || value.trim() === "") return null;
  const ms = /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now.getTime();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), longestWaitMs) : null;
}

/**
 * When to try again: 5 s, 20 s, 80 s ... up to a day, plus up to a fifth of jitter; never sooner than the receiver asked for.
 *
 * @param failingMs for how long the receiver has failed: a dead one is asked ever more rarely, however many deliveries wait for it
 */
export function retryDelayMs(
  attempts: number,
  { retryMs, retryCapMs }: { readonly retryMs: number; readonly retryCapMs: number },
  { waitMs, failingMs, random }: { waitMs: number | null; failingMs: number; random: number },
): number {
  const own = Math.min(retryMs * 4 ** Math.min(attempts - 1, 20), retryCapMs);
  const spaced = Math.max(own, Math.min(failingMs, 3_600_000, retryCapMs));
  return Math.ceil(Math.max(Math.min(spaced * (1 + random / 5), retryCapMs), waitMs ?? 0));
}
