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

/** One field: what it holds, and the seconds from now that it comes to (null: it says nothing; NaN: not understood). */
interface Statement {
  readonly name: string;
  readonly value: unknown;
  readonly seconds: number | null;
}

/**
 * How long the access token lives, as its answer states it: in the unit that the provider's file names, seconds unless it does. What does
 * not fit that unit is never taken for another one, because a wrong guess is a token that is served after its end, or a provider that is
 * asked a hundred times too often: the documented lifetime counts then, and whoever reads the log is told. Missing, null, empty and zero say
 * nothing. Of several fields the first that says something counts.
 */
export function readLifetime(fields: Fields, { answer }: Pick<Provider, "answer">, now: Date): Lifetime<"unstated"> {
  const unit = answer.expiresIn;
  const { seconds, note } = firstUsable(
    [
      // Zoho: seconds, beside milliseconds in expires_in.
      stated("expires_in_sec", fields, "seconds", now),
      stated("expires_in", fields, unit, now),
      stated("expiresIn", fields, unit, now),
      // Facebook of old has seconds in it, others a time.
      stated("expires", fields, isTime(fields.expires, now) ? "timestamp" : "seconds", now),
      ...["expires_at", "expires_on", "expiresAt"].map((name) => stated(name, fields, "timestamp", now)),
      ...(unit === "jwt" ? [expOf(fields.access_token ?? fields.accessToken, now)] : []),
    ],
    answer.longestSeconds ?? century,
  );
  return { seconds: seconds ?? "unstated", note: note && `${note}, the documented lifetime counts` };
}

/** When the refresh token ends, where the answer says so: unused, or for good, whichever comes first. */
export function readRefreshLifetime(fields: Fields, { answer }: Pick<Provider, "answer">, now: Date): Lifetime<null> {
  const unit = answer.refreshExpiresIn ?? answer.expiresIn;
  const idle = [
    ...["refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in", "refreshTokenExpiresIn"].map(
      (name) => stated(name, fields, unit, now),
    ),
    stated("refresh_token_expires_at", fields, "timestamp", now),
  ];
  const ends = [firstUsable(idle), firstUsable([stated("x_refresh_token_hard_expires_in", fields, unit, now)])];
  const seconds = ends.flatMap((end) => end.seconds ?? []);
  const note = ends.find((end) => end.note !== null)?.note ?? null;
  return { seconds: seconds.length === 0 ? null : Math.min(...seconds), note };
}

/** Nobody states more than a hundred years and means it. */
const century = 100 * 365 * 24 * 3600;

function firstUsable(statements: readonly Statement[], longest = century): Lifetime<null> {
  const usable = statements.find(({ seconds }) => seconds !== null && seconds >= 1 && seconds <= longest);
  if (usable !== undefined) return { seconds: Math.floor(usable.seconds as number), note: null };
  const odd = statements.find(({ seconds }) => seconds !== null);
  return { seconds: null, note: odd === undefined ? null : `${odd.name} ${shown(odd.value)} is not understood` };
}

function stated(name: string, fields: Fields, unit: Unit, now: Date): Statement {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return { name, value, seconds: saysNothing(value) ? null : inSeconds(value, unit, now) };
}

function saysNothing(value: unknown): boolean {
  return value === undefined || value === null || decimal(value) === 0 || (typeof value === "string" && !value.trim());
}

function inSeconds(value: unknown, unit: Unit, now: Date): number {
  if (unit === "timestamp") return secondsFromNow(value, now);
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

/** From the `exp` of a JWT (RFC 7519 section 4.1.4), unverified: it came straight from who signed it. */
function expOf(token: unknown, now: Date): Statement {
  const payload = typeof token === "string" ? token.split(".")[1] : undefined;
  const unsaid = { name: "exp", value: undefined, seconds: null };
  if (payload === undefined) return unsaid;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    const exp = at(claims, "exp");
    return { name: "exp", value: exp, seconds: saysNothing(exp) ? null : secondsFromNow(exp, now) };
  } catch {
    return unsaid;
  }
}

/** Numbers and what looks like a date, and no more: an answer may hold anything anywhere. */
function shown(value: unknown): string {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  return /^[\d.:+TZ -]{1,40}$/.test(text) ? text : `(a ${Array.isArray(value) ? "list" : typeof value})`;
}
