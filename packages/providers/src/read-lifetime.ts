import type { Provider } from "./provider.ts";
import { at } from "./read-body.ts";
import { decimal, secondsFromNow } from "./read-time.ts";

type Fields = Readonly<Record<string, unknown>>;
type Unit = Provider["answer"]["expiresIn"];

export interface Lifetime<None> {
  /** Seconds from now. */
  readonly seconds: number | None;
  /** What the answer states and nobody can take for a lifetime, fit for a log; null: nothing odd, or something else said it well. */
  readonly note: string | null;
}

/** A field that may state an end, and in which unit: one of its own, the one that the provider's file states, or seconds or a time. */
type Field = readonly [name: string, unit: Unit | "stated" | "either"];

const accessEnds: readonly Field[] = [
  // Zoho: seconds, beside milliseconds in expires_in.
  ["expires_in_sec", "seconds"],
  ["expires_in", "stated"],
  ["expiresIn", "stated"],
  // Facebook of old has seconds in it, others a time.
  ["expires", "either"],
  ["expires_at", "timestamp"],
  ["expires_on", "timestamp"],
  ["expiresAt", "timestamp"],
];
const idleEnds: readonly Field[] = [
  ["refresh_token_expires_in", "stated"],
  ["refresh_expires_in", "stated"],
  ["x_refresh_token_expires_in", "stated"],
  ["refreshTokenExpiresIn", "stated"],
  ["refresh_token_expires_at", "timestamp"],
];
const hardEnds: readonly Field[] = [["x_refresh_token_hard_expires_in", "stated"]];

/**
 * How long the access token lives, as its answer states it: in the unit that the provider's file names, seconds unless it does. What does
 * not fit that unit is never taken for another one, because a wrong guess is a token that is served after its end, or a provider that is
 * asked a hundred times too often: the documented lifetime counts then, and whoever reads the log is told. Missing, null, empty and zero say
 * nothing. Of several fields the first that says something counts.
 */
export function readLifetime(fields: Fields, { answer }: Pick<Provider, "answer">, now: Date): Lifetime<"unstated"> {
  const unit = answer.expiresIn;
  const longest = answer.longestSeconds ?? century;
  const read = firstUsable(fields, accessEnds, unit, now, longest);
  if (read.seconds !== null) return { seconds: read.seconds, note: null };
  const inToken = unit === "jwt" ? expOf(fields.access_token ?? fields.accessToken) : {};
  const { seconds, note } = firstUsable(inToken, [["exp", "timestamp"]], unit, now, longest);
  const odd = read.note ?? note;
  return seconds !== null
    ? { seconds, note: null }
    : { seconds: "unstated", note: odd && `${odd}, the documented lifetime counts` };
}

/** When the refresh token ends, where the answer says so: unused, or for good, whichever comes first. */
export function readRefreshLifetime(fields: Fields, { answer }: Pick<Provider, "answer">, now: Date): Lifetime<null> {
  const unit = answer.refreshExpiresIn ?? answer.expiresIn;
  const idle = firstUsable(fields, idleEnds, unit, now, century);
  const hard = firstUsable(fields, hardEnds, unit, now, century);
  const seconds = [idle.seconds, hard.seconds].filter((end) => end !== null);
  return { seconds: seconds.length === 0 ? null : Math.min(...seconds), note: idle.note ?? hard.note };
}

/** Nobody states more than a hundred years and means it. */
const century = 100 * 365 * 24 * 3600;

function firstUsable(fields: Fields, ends: readonly Field[], stated: Unit, now: Date, longest: number): Lifetime<null> {
  let note: string | null = null;
  for (const [name, unit] of ends) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (saysNothing(value)) continue;
    const seconds = inSeconds(value, unit === "stated" ? stated : unit, now);
    if (seconds >= 1 && seconds <= longest) return { seconds: Math.floor(seconds), note: null };
    note ??= `${name} ${shown(value)} is not understood`;
  }
  return { seconds: null, note };
}

function saysNothing(value: unknown): boolean {
  return value === undefined || value === null || decimal(value) === 0 || (typeof value === "string" && !value.trim());
}

function inSeconds(value: unknown, unit: Unit | "either", now: Date): number {
  if (unit === "timestamp" || (unit === "either" && isTime(value, now))) return secondsFromNow(value, now);
  const amount = decimal(value);
  if (amount === null) return Number.NaN;
  const seconds = unit === "milliseconds" ? amount / 1000 : amount;
  return isTime(seconds, now) ? Number.NaN : seconds;
}

const years = 365 * 24 * 3600;

/** Whether a number is a Unix time of these years, which as a lifetime would be half a century and some. */
function isTime(value: unknown, now: Date): boolean {
  const amount = decimal(value);
  if (amount === null) return typeof value === "string" && Number.isFinite(secondsFromNow(value, now));
  return Math.abs(amount - now.getTime() / 1000) < 5 * years || amount > 1e11;
}

/** The `exp` of a JWT (RFC 7519 section 4.1.4), unverified: it came straight from who signed it. */
function expOf(token: unknown): Fields {
  const payload = typeof token === "string" ? token.split(".")[1] : undefined;
  if (payload === undefined) return {};
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    return { exp: at(claims, "exp") };
  } catch {
    return {};
  }
}

/** Numbers and what looks like a date, and no more: an answer may hold anything anywhere. */
function shown(value: unknown): string {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  return /^[\d.:+TZ -]{1,40}$/.test(text) ? text : `(a ${Array.isArray(value) ? "list" : typeof value})`;
}
