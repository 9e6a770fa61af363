/** Nothing that is refreshed today was issued before, and nothing ends after: what lies outside was read in the wrong unit. */
const earliest = Date.UTC(2005, 0);
const latest = Date.UTC(2200, 0);

/** Seconds since 1970 have so many digits until 5138, milliseconds more since 1973. */
const firstMilliseconds = 100_000_000_000;

const sqlTime = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)? ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * A point in time as databases and libraries write it: seconds or milliseconds since 1970 as a number or as text, ISO 8601, or SQL. A time
 * without a zone is UTC, a day alone its beginning. null: none is stated, which 0 and the first years of both calendars mean too.
 *
 * @returns a fault in words that quote nothing
 */
export function readTime(given: unknown): { readonly time: Date | null } | { readonly fault: string } {
  if (given === null || given === undefined || given === "" || given === 0 || given === "0") return { time: null };
  if (given instanceof Date) return checked(given.getTime());
  const text = typeof given === "number" ? String(given) : typeof given === "string" ? given.trim() : null;
  if (text === null) return { fault: "is no point in time" };
  if (/^\d+(\.\d+)?$/.test(text)) return checked(ofNumber(Number(text)));
  // Go's zero time, and MySQL's.
  if (/^000[01]-/.test(text)) return { time: null };
  const [, day, clock = "00:00", fraction = "", zone = "Z"] = sqlTime.exec(text) ?? [];
  if (day === undefined)
    return { fault: "is no point in time: needs ISO 8601, an SQL time, or seconds or milliseconds since 1970" };
  const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}` : "Z";
  const seconds = clock?.length === 5 ? `${clock}:00` : clock;
  return checked(Date.parse(`${day}T${seconds}${fraction.slice(0, 4)}${offset}`));
}

const ofNumber = (number: number) => (number < firstMilliseconds ? number * 1000 : number);

function checked(ms: number): { readonly time: Date } | { readonly fault: string } {
  if (Number.isNaN(ms)) return { fault: "is no date of the calendar" };
  if (ms < earliest)
    return { fault: "lies before 2005: is it a number of seconds, or were milliseconds made of seconds?" };
  if (ms > latest) return { fault: "lies behind 2200: were seconds made of milliseconds?" };
  return { time: new Date(ms) };
}
