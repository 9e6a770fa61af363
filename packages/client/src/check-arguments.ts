import { EvertokenError } from "./contract/evertoken-error.ts";

/** What is wrong with an argument, in words that say what to give; null: nothing. */
export type Check = (given: unknown) => string | null;

export interface Kind {
  readonly fits: (value: unknown) => boolean;
  readonly needs: string;
}

const typed = (type: string, needs: string): Kind => ({ fits: (value) => typeof value === type, needs });
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

export const text = typed("string", "a text");
export const number = typed("number", "a number");
export const flag = typed("boolean", "true or false");
export const callback = typed("function", "a function");
export const object: Kind = { fits: isObject, needs: "an object" };
export const date: Kind = { fits: (value) => value instanceof Date, needs: "a Date" };
export const texts: Kind = {
  fits: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
  needs: "a list of texts",
};
export const orNull = ({ fits, needs }: Kind): Kind => ({
  fits: (value) => value === null || fits(value),
  needs: `${needs}, or null`,
});

/** An argument that has to be there. */
export const needed =
  (name: string, { fits, needs }: Kind): Check =>
  (given) =>
    fits(given) ? null : `${name}: needs ${needs}`;

/** Options: an object or nothing, each field of its kind or left out. All fields of `Options` are named, or it does not compile. */
export function optionsOf<Options>(kinds: Readonly<Record<keyof Options, Kind>>, name = "options"): Check {
  const fields = Object.entries<Kind>(kinds);
  return (given) => {
    if (given === undefined) return null;
    if (!isObject(given)) return `${name}: needs an object with any of ${fields.map(([field]) => field).join(", ")}`;
    const wrong = fields.filter(([field, { fits }]) => given[field] !== undefined && !fits(given[field]));
    return wrong.length === 0 ? null : wrong.map(([field, { needs }]) => `${field}: needs ${needs}`).join("; ");
  };
}

/** @throws {EvertokenError} `invalid_input` that names every wrong argument */
export function refuseUnfit(checks: readonly Check[], given: readonly unknown[]): void {
  const faults = checks.map((check, index) => check(given[index])).filter((fault) => fault !== null);
  if (faults.length > 0) throw new EvertokenError("invalid_input", faults.join("; "));
}
