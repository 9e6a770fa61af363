import { EvertokenError } from "./contract/evertoken-error.ts";
import { type Failure, failed, readAnswer, type Verdict } from "./read-answer.ts";
import type { Settings } from "./settings.ts";
import { ownVersion } from "./version.ts";
import type { Wire } from "./wire.ts";

interface Ask {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** From `/v1` on. */
  readonly path: string;
  readonly query?: Wire;
  readonly body?: Wire;
  /** Whether a second one changes nothing that the first one did not: only then it is sent again when its answer was lost. */
  readonly repeatable: boolean;
  /** What the answer must have. */
  readonly fields: readonly string[];
  /** Whether a problem that has these fields is an answer as well: what the user or the provider did. */
  readonly refusals?: boolean;
}

export type Request = (ask: Ask) => Promise<Wire>;

const attempts = 3;
const firstPauseMs = 200;

/** Sends requests, and again where that is safe and may help. @throws {EvertokenError} within `timeoutMs` */
export function createRequest(settings: Settings): Request {
  return async (ask) => {
    const deadline = Date.now() + settings.timeoutMs;
    for (let attempt = 1; ; attempt++) {
      const verdict = await send(settings, ask, deadline);
      if (verdict.kind === "value") return verdict.value;
      const pauseMs = pauseBefore(attempt, verdict);
      const may = verdict.again === "unacted" || (verdict.again === "unknown" && ask.repeatable);
      if (!may || attempt === attempts || Date.now() + pauseMs > deadline) throw verdict.error;
      await pause(pauseMs);
    }
  };
}

async function send({ url, key, fetch }: Settings, ask: Ask, deadline: number): Promise<Verdict> {
  const signal = AbortSignal.timeout(Math.max(1, deadline - Date.now()));
  const { method, path, query = {}, body } = ask;
  const headers = {
    accept: "application/json",
    authorization: `Bearer ${key}`,
    "user-agent": `evertoken-client/${ownVersion}`,
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const content = body === undefined ? {} : { body: JSON.stringify(body, refusable) };
  try {
    const init = { method, headers, redirect: "manual", signal, ...content } as const;
    const response = await fetch(`${url}${path}${toQuery(query)}`, init);
    return readAnswer(url, { status: response.status, headers: response.headers, text: await response.text() }, ask);
  } catch (error) {
    return notReached(url, signal, error);
  }
}

/** JSON would write null for these, which means something: as text the server refuses them, by the field's name. */
const refusable = (_: string, value: unknown) =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;

/** The runtime's own error may quote a header, so only its code goes on. */
function notReached(url: string, signal: AbortSignal, error: unknown): Failure {
  if (signal.aborted) {
    return failed("timed_out", `${url} did not answer in time: it may be away, or wait for a provider; ask again`);
  }
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  const why = [cause?.code, code].find((each) => typeof each === "string") ?? "no connection";
  return failed("server_unavailable", `${url} cannot be reached (${why}): check url, and that the api runs`, "unknown");
}

/** Doubled each time, plus up to as much again, so that callers who failed together do not come back together. */
function pauseBefore(attempt: number, { afterMs }: Failure): number {
  return afterMs ?? firstPauseMs * 2 ** (attempt - 1) * (1 + Math.random());
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function toQuery(query: Wire): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(String(value))}`],
  );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** Nothing, and dots alone, would be resolved away; half a character has no code. */
const unfit = /^\.{0,2}$|\p{Surrogate}/u;

/** One part of a path. @throws {EvertokenError} */
export function inPath(text: string): string {
  if (unfit.test(text)) throw new EvertokenError("invalid_input", `"${text}" cannot stand in an address`);
  return encodeURIComponent(text);
}
