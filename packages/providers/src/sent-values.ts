import { pathsOf } from "./addresses.ts";
import { providerSchema, sentHeaders, sentValues } from "./provider-schema.ts";

type Definition = Readonly<Record<string, unknown>>;

/** By path and name. */
export type SentValues = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Where a definition holds them: whatever the schema says are `sentValues` or `sentHeaders`, so that none can be forgotten. */
const sentValuePaths: readonly string[] = pathsOf(
  providerSchema,
  (schema) => schema === sentValues || schema === sentHeaders,
);

/** Stands for a value that is not shown; given back, it says that the value stays. */
const mark = { set: true } as const;

function isMark(value: unknown): boolean {
  return isFields(value) && Object.keys(value).join() === "set" && value.set === true;
}

/** A definition without these values, and the values. @param definition also one that nobody has checked */
export function hideSentValues(definition: unknown): { readonly shown: Definition; readonly values: SentValues } {
  const values: Record<string, Record<string, string>> = {};
  const shown = changeSentValues(definition, (path, name, value) => {
    if (typeof value !== "string") return value;
    values[path] = { ...values[path], [name]: value };
    return mark;
  });
  return { shown: shown as Definition, values };
}

/** A definition with values where marks stand. @param stored undefined: the mark stays */
export function fillSentValues(
  definition: unknown,
  stored: (path: string, name: string) => string | undefined,
): Definition {
  return changeSentValues(definition, (path, name, value) =>
    isMark(value) ? (stored(path, name) ?? value) : value,
  ) as Definition;
}

/** One that may be shown by those who send it. */
export function maskSentValues<T>(provider: T): T {
  return changeSentValues(provider, () => "***") as T;
}

export function sentValue(values: SentValues, path: string, name: string): string | undefined {
  const fields = values[path] ?? {};
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function changeSentValues(
  definition: unknown,
  change: (path: string, name: string, value: unknown) => unknown,
): unknown {
  return sentValuePaths.reduce(
    (whole, path) =>
      changeAt(whole, path.split("."), (fields) =>
        isFields(fields)
          ? Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, change(path, name, value)]))
          : fields,
      ),
    definition,
  );
}

function changeAt(whole: unknown, [name, ...rest]: readonly string[], change: (fields: unknown) => unknown): unknown {
  if (name === undefined) return change(whole);
  if (!isFields(whole) || !Object.hasOwn(whole, name)) return whole;
  return { ...whole, [name]: changeAt(whole[name], rest, change) };
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
