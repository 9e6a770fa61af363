/** A plain decimal number, as JSON's number or as text: nothing with an exponent, a base or a word in it. null: it is none. */
export function decimal(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || !/^\s*-?\d{1,20}(\.\d{1,20})?\s*$/.test(value)) return null;
  return Number(value);
}

/** Seconds until a Unix time (in seconds, or in milliseconds, which no year before 5138 can be taken for) or a date. NaN: it is neither. */
export function secondsFromNow(value: unknown, now: Date): number {
  const stated = decimal(value);
  const timeMs = stated === null ? parseDate(value) : Math.abs(stated) >= 1e11 ? stated : stated * 1000;
  return (timeMs - now.getTime()) / 1000;
}

const isoOrSql = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/i;
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** In ms. A date that names no zone is UTC: the zone of this machine has nothing to do with it. */
function parseDate(value: unknown): number {
  if (typeof value !== "string") return Number.NaN;
  const text = value.trim();
  if (httpDate.test(text)) return Date.parse(text);
  const [, day, time, zone = "Z"] = isoOrSql.exec(text) ?? [];
  return day === undefined ? Number.NaN : Date.parse(`${day}T${time}${normal(zone)}`);
}

function normal(zone: string): string {
  const [, hours, minutes = "00"] = /^([+-]\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  return hours === undefined ? "Z" : `${hours}:${minutes}`;
}
