import type { Provider } from "./provider.ts";
import { at, type ReadBody } from "./read-body.ts";

const maxWaitMs = 24 * 3600 * 1000;
// A throttled answer is not counted as an attempt, so "wait 0 seconds" would loop without end.
const minWaitMs = 1000;

/**
 * How long an answer asks us to wait, between 1 second and 24 hours; null when it names no time. Retry-After may be seconds or a
 * date (RFC 9110 section 10.2.3); the provider's own header and body field count after it.
 */
export function readWaitMs(
  headers: Readonly<Record<string, string>>,
  body: ReadBody,
  { throttle }: Pick<Provider, "throttle">,
  now: Date,
): number | null {
  const wait =
    fromSeconds(headers["retry-after"]) ??
    fromDate(headers["retry-after"], now) ??
    fromDialect(headers, throttle.header, now) ??
    fromSeconds(throttle.bodySeconds === undefined ? undefined : at(body.fields, throttle.bodySeconds));
  return wait === null ? null : Math.ceil(Math.min(Math.max(wait, minWaitMs), maxWaitMs));
}

function fromDialect(
  headers: Readonly<Record<string, string>>,
  header: Provider["throttle"]["header"],
  now: Date,
): number | null {
  if (header === undefined) return null;
  const value = headers[header.name];
  if (header.unit === "seconds") return fromSeconds(value);
  if (header.unit === "date") return fromDate(value, now);
  const epochMs = fromSeconds(value);
  return epochMs === null ? null : Math.max(0, epochMs - now.getTime());
}

function fromSeconds(value: unknown): number | null {
  const read = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof read === "number" && Number.isFinite(read) && read >= 0 ? read * 1000 : null;
}

function fromDate(value: string | undefined, now: Date): number | null {
  // Date.parse takes "-5" for a year: a date has a name of a month or dashes between numbers.
  if (value === undefined || !/[a-z]{3}|\d-\d/i.test(value)) return null;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now.getTime());
}
