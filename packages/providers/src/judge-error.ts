import type { Provider, ReadResponse } from "./provider.ts";
import type { Condition, ErrorRule } from "./provider-schema.ts";
import { at, type ReadBody } from "./read-body.ts";
import { descriptionOf } from "./sanitize.ts";
import { tellsDeadToken } from "./tells-dead-token.ts";

/** What an answer without tokens means, before times and texts are added. */
export interface Judgement {
  readonly kind: ErrorRule["judged"];
  readonly throttleScope?: "provider" | "connection" | undefined;
  readonly waitSeconds?: number | undefined;
}

/**
 * The provider's own rules first, then the baseline of RFC 6749 section 5.2. Strict where it hurts: `denied` needs an answer that
 * this provider is known to give for a dead grant, the RFC's own `invalid_grant`, or a text that says so of the refresh token itself;
 * never a busy or broken server's.
 */
export function judgeError(provider: Provider, response: ReadResponse): Judgement {
  const rule = provider.errors.find((candidate) => matches(candidate, response));
  if (response.status === 429) return { ...rule, kind: "throttled" };
  if (isServerTrouble(response.status))
    return { ...rule, kind: rule?.judged === "throttled" ? "throttled" : "transient" };
  return rule === undefined ? baseline(provider, response) : { ...rule, kind: rule.judged };
}

function isServerTrouble(status: number): boolean {
  return status >= 500 || status === 408 || status === 425;
}

function baseline(provider: Provider, { status, headers, body }: ReadResponse): Judgement {
  const error = at(body.fields, "error");
  if (typeof error === "string") {
    if (temporary.has(error)) return { kind: "transient" };
    if (busy.has(error)) return { kind: "throttled" };
    if (error === "invalid_client") return { kind: "misconfigured" };
    if (error === "unauthorized_client" && (status === 400 || status === 401)) return { kind: "misconfigured" };
    // 400 by the RFC; 401 and 403 are what many servers take for more fitting.
    if (error === "invalid_grant" && [400, 401, 403].includes(status)) return { kind: "denied" };
    if (
      error === "invalid_request" &&
      [400, 401].includes(status) &&
      tellsDeadToken(descriptionOf(body.fields ?? {}) ?? "")
    )
      return { kind: "denied" };
  }
  if (status === 403 && headers["retry-after"] !== undefined) return { kind: "throttled" };
  // A firewall's challenge.
  if (status === 403 && body.form === "html") return { kind: "transient" };
  return status >= 200 && status < 300 ? nothingUsable(provider, body) : { kind: "unknown" };
}

/** 2xx without a token. An error that nobody has described is a refusal; with no error either, tokens that rotate may be spent. */
function nothingUsable(provider: Provider, { form, fields }: ReadBody): Judgement {
  if (fields !== null && refuses(fields)) return { kind: "unknown" };
  if (provider.policy.rotation.kind !== "none" || form === "broken_json") return { kind: "uncertain" };
  // A maintenance page.
  return { kind: form === "html" ? "transient" : "unknown" };
}

/** An error in a success' clothes, by the names that the field has for it. */
function refuses({ error, errors, ok, success, status, message, code, error_code }: Record<string, unknown>): boolean {
  const says = (value: unknown) => typeof value === "string" && /^(error|fail(ed|ure)?)$/i.test(value);
  const counts = (value: unknown) => typeof value === "number" && value !== 0 && (value < 200 || value > 299);
  return (
    Boolean(error || errors) ||
    ok === false ||
    success === false ||
    [status, message].some(says) ||
    [status, code, error_code].some(counts)
  );
}

const temporary = new Set(["temporarily_unavailable", "server_error", "internal_failure", "internal_error"]);
const busy = new Set(["rate_limit_exceeded", "rate_limited", "ratelimited", "too_many_requests", "slow_down"]);

function matches(rule: ErrorRule, { status, body }: ReadResponse): boolean {
  if (rule.status !== undefined && ![rule.status].flat().includes(status)) return false;
  if (rule.text !== undefined && !new RegExp(rule.text, "i").test(body.text)) return false;
  if (rule.tells !== undefined && !tellsDeadToken(descriptionOf(body.fields ?? {}) ?? "")) return false;
  return Object.entries(rule.where ?? {}).every(([path, condition]) => holds(condition, at(body.fields, path)));
}

function holds(condition: Condition, value: unknown): boolean {
  if (typeof condition === "object" && "pattern" in condition) {
    return typeof value === "string" && new RegExp(condition.pattern, "i").test(value);
  }
  return [condition].flat().some((wanted) => wanted === value);
}
