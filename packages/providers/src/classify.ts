import type { GrantedTokens, Outcome, RawAnswer } from "@evertoken/core";
import { type Judgement, judgeError } from "./judge-error.ts";
import type { Provider, ReadResponse } from "./provider.ts";
import { readBody } from "./read-body.ts";
import { readGranted } from "./read-granted.ts";
import { readWaitMs } from "./read-wait.ts";
import { reasonOf } from "./sanitize.ts";

/**
 * What a token endpoint's answer means. Pure and total: every answer has an outcome, none throws.
 *
 * Lenient in `granted`, strict in `denied`: a token that came back is never dropped, and a connection is never declared dead
 * without evidence. `secrets`: the values that were sent (see `sentSecrets`), which are kept out of the `reason`.
 */
export function classify(provider: Provider, answer: RawAnswer, now: Date, secrets: readonly string[] = []): Outcome {
  if (answer.kind === "failure") return judgeFailure(provider, answer);
  const response: ReadResponse = { status: answer.status, headers: answer.headers, body: readBody(answer.body) };
  const success = answer.status >= 200 && answer.status < 300;
  const tokens = success && response.body.fields !== null ? readGranted(response.body.fields, provider, now) : null;
  if (tokens !== null) return grantedOrLost(tokens, answer.status);
  return ownReading(provider, response) ?? outcomeOf(judgeError(provider, response), provider, response, now, secrets);
}

/**
 * An access token that no header can carry is an answer lost, as after a cut connection, unless a refresh token came with it: that one is
 * kept, and fetches the next.
 */
function grantedOrLost(tokens: GrantedTokens, httpStatus: number): Outcome {
  const lost = tokens.expiresIn === 0 && tokens.refreshToken === null;
  return lost
    ? { kind: "uncertain", reason: tokens.notes.join("; "), httpStatus }
    : { kind: "granted", tokens, httpStatus };
}

function ownReading(provider: Provider, response: ReadResponse): Outcome | null {
  try {
    return provider.readAnswer?.(response) ?? null;
  } catch {
    return null;
  }
}

function outcomeOf(
  judgement: Judgement,
  provider: Provider,
  response: ReadResponse,
  now: Date,
  secrets: readonly string[],
): Outcome {
  const httpStatus = response.status;
  const reason = reasonOf(provider, response, secrets);
  switch (judgement.kind) {
    case "throttled":
    case "transient": {
      const knownMs = judgement.waitSeconds === undefined ? null : judgement.waitSeconds * 1000;
      const retryAfterMs = readWaitMs(response.headers, response.body, provider, now) ?? knownMs;
      if (judgement.kind === "transient") return { kind: "transient", reason, retryAfterMs, httpStatus };
      const scope = judgement.throttleScope ?? provider.throttle.scope;
      return { kind: "throttled", scope, retryAfterMs, reason, httpStatus };
    }
    case "denied":
    case "misconfigured":
    case "uncertain":
    case "unknown":
      return { kind: judgement.kind, reason, httpStatus };
  }
}

/** No complete answer. What decides is whether the request may have reached them, and whether they began to refuse it. */
function judgeFailure(provider: Provider, failure: Extract<RawAnswer, { kind: "failure" }>): Outcome {
  const { status, code: reason } = failure;
  if (!failure.sent) return { kind: "unsent", reason };
  if (status === null || (status >= 200 && status < 300)) return { kind: "uncertain", reason, httpStatus: status };
  const cut = `HTTP ${status}, cut off: ${reason}`;
  if (status === 429) {
    return { kind: "throttled", scope: provider.throttle.scope, retryAfterMs: null, reason: cut, httpStatus: status };
  }
  return { kind: "transient", reason: cut, retryAfterMs: null, httpStatus: status };
}
