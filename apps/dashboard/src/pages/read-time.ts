import { notUnderstood } from "./fault.ts";

/** As a form gives it: without a zone, and so in that of the reader; with a Z in UTC. */
const form = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)?Z?$/;

/** Of forms that were sent without a script. */
const utc = "UTC";

/** The reader's zone, as the browser tells it beside the times of a form. @throws {PageFault} 400 */
export function readZone(zone: string | undefined): string {
  if (zone === undefined) return utc;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    throw notUnderstood(`There is no time zone "${zone.slice(0, 64)}".`);
  }
}

/** @throws {PageFault} 400, with the name of the field */
export function readTime(name: string, text: string, zone = utc): Date {
  const isUtc = text.endsWith("Z");
  const day = text.replace(/Z$/, "");
  const time = new Date(day.includes("T") ? `${day}Z` : day);
  if (!form.test(text) || Number.isNaN(time.getTime()) || time.getUTCFullYear() < 1970)
    throw notUnderstood(`"${name}" has to be a time such as 2026-11-26T12:00.`);
  return isUtc ? time : fromWall(time, zone);
}

/** From what a clock of that zone shows. Where it shows a time twice, or never, one of both is meant. */
function fromWall(wall: Date, zone: string): Date {
  const first = new Date(wall.getTime() - offsetMs(wall, zone));
  return new Date(wall.getTime() - offsetMs(first, zone));
}

function offsetMs(at: Date, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" },
    ...{ hour: "numeric", minute: "numeric", second: "numeric" },
  }).formatToParts(at);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const shown = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return shown - Math.floor(at.getTime() / 1000) * 1000;
}
