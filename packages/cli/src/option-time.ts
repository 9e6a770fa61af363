import { InvalidArgumentError } from "commander";

/** A parser for an option that takes a time: a day, or a moment in UTC unless it says its zone. */
export function optionTime(text: string): Date {
  const form = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?<zone>Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  const time = new Date(text.includes("T") && form?.groups?.zone === undefined ? `${text}Z` : text);
  if (form !== null && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError("It needs a time such as 2026-11-26 or 2026-11-26T12:00Z.");
}
