import { EvertokenError, type EvertokenErrorCode, errorCodes } from "./contract/evertoken-error.ts";
import { isTooOld, oldestServer, ownVersion } from "./version.ts";
import { fromWire, renameFields, type Wire } from "./wire.ts";

export interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
}

interface Asked {
  readonly fields: readonly string[];
  readonly refusals?: boolean;
}

export type Verdict = { readonly kind: "value"; readonly value: Wire } | Failure;

export interface Failure {
  readonly kind: "failure";
  readonly error: EvertokenError;
  /** Whether asking again may help: `unacted`, the request was turned away at the door; `unknown`, it may have been acted upon. */
  readonly again: "no" | "unacted" | "unknown";
  /** As the server wishes; null: it does not say. */
  readonly afterMs: number | null;
}

/**
 * Whether an answer is Evertoken's, of a version that will do, and what it says.
 *
 * @param asked which fields it must have, and whether a problem that has them will do
 */
export function readAnswer(url: string, { status, headers, text }: Answer, asked: Asked): Verdict {
  const version = headers.get("evertoken-version");
  const body = parse(headers, text);
  const problem = body !== null && String(body.type).startsWith("urn:evertoken:problem:");
  const mayBe = status < 300 || (problem && asked.refusals === true);
  const complete = body !== null && mayBe && asked.fields.every((field) => field in body);
  if (version === null && !problem && !complete) return notOurs(url, status, headers);
  if (isTooOld(version)) return failed("server_too_old", tooOld(url, version));
  if (complete) return { kind: "value", value: body };
  if (problem) return ofProblem(url, body, headers);
  return failed(
    "unexpected_answer",
    `${url} answered ${status} without what belongs there: look into the server's log`,
  );
}

export const failed = (
  code: EvertokenErrorCode,
  message: string,
  again: Failure["again"] = "no",
  afterMs: number | null = null,
): Failure => ({
  kind: "failure",
  error: new EvertokenError(code, message, { retryAt: afterMs === null ? null : new Date(Date.now() + afterMs) }),
  again,
  afterMs,
});

function parse(headers: Answer["headers"], text: string): Wire | null {
  if (!/[/+]json\b/i.test(headers.get("content-type") ?? "")) return null;
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? (body as Wire) : null;
  } catch {
    return null;
  }
}

function notOurs(url: string, status: number, headers: Answer["headers"]): Failure {
  if ([429, 502, 503, 504].includes(status)) {
    const message = `what stands before ${url} answered ${status}: is the api running behind it?`;
    return failed("server_unavailable", message, "unknown", retryAfterMs(headers));
  }
  const where =
    status >= 300 && status < 400 ? "leads elsewhere" : "is not an Evertoken API, or a proxy answers for it";
  return failed("wrong_address", `${url} ${where} (HTTP ${status}): set url to where apps/api is reached`);
}

function tooOld(url: string, version: string | null): string {
  const found = version === null ? "of a version that does not say which it is" : version;
  return `the Evertoken at ${url} is ${found}, and @evertoken/client ${ownVersion} needs ${oldestServer} or newer: update the server`;
}

/** Problems of the way that a request was sent, as the ones they are for an app. */
const renamed: Readonly<Record<string, EvertokenErrorCode>> = {
  invalid_request: "invalid_input",
  malformed_body: "invalid_input",
  body_too_large: "invalid_input",
  headers_too_large: "invalid_input",
  no_key: "wrong_key",
  route_not_found: "wrong_address",
  method_not_allowed: "wrong_address",
  request_timeout: "timed_out",
};

const advice: Readonly<Partial<Record<EvertokenErrorCode, string>>> = {
  wrong_key: "the server does not know this key: check it, or make one with `evertoken keys create`",
  wrong_address: "there is no such endpoint: set url to where apps/api is reached",
  internal_error: "the server failed, and its log says why",
};

/** What passes by itself, soon, and often at another replica. */
const passing: readonly string[] = ["closing", "store_unavailable", "queue_unavailable"];

function ofProblem(url: string, body: Wire, headers: Answer["headers"]): Failure {
  const {
    code: said,
    title,
    detail,
    reconnectUrl,
    retryAt,
    consentHelps,
  } = fromWire<{
    code: string;
    title: string;
    detail?: string;
    reconnectUrl?: string | null;
    retryAt?: Date | null;
    consentHelps?: boolean;
  }>(body);
  const code = renamed[said] ?? errorCodes.find((known) => known === said);
  if (code === undefined) {
    const message = `${url} says "${said}" (${detail ?? title}), which @evertoken/client ${ownVersion} does not know: update it`;
    return failed("unexpected_answer", message);
  }
  const again = code === "too_many_requests" ? "unacted" : passing.includes(code) ? "unknown" : "no";
  const message = advice[code] ?? renameFields(detail ?? title);
  const error = new EvertokenError(code, message, { reconnectUrl, retryAt, consentHelps });
  return { kind: "failure", error, again, afterMs: retryAfterMs(headers) };
}

/** Seconds, or an HTTP date (RFC 9110 section 10.2.3). */
function retryAfterMs(headers: Answer["headers"]): number | null {
  const text = headers.get("retry-after");
  if (text === null) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}
