/** A JSON object of the API: names in snake_case, times in ISO 8601. */
export type Wire = Readonly<Record<string, unknown>>;

/** What was left out stays out; dates become text. Shallow, as the names within metadata are not ours. */
export function toWire(input: object): Wire {
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [toSnake(name), value instanceof Date ? toText(value) : value]),
  );
}

/** An impossible date is the server's to refuse, by its name. */
const toText = (date: Date) => (Number.isNaN(date.getTime()) ? "no date" : date.toISOString());

/** The other way. What is a time is told by its name. Shallow. */
export function fromWire<T>(value: Wire): T {
  return Object.fromEntries(
    Object.entries(value).map(([name, content]) => [
      toCamel(name),
      isTime(name, content) ? new Date(content) : content,
    ]),
  ) as T;
}

function isTime(name: string, content: unknown): content is string {
  return typeof content === "string" && /_(at|before|since)$/.test(name);
}

const toSnake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const toCamel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Options whose unit stands in their name, or that the API calls by another word. */
const optionOf = new Map([
  ["min_ttl", "minTtlSeconds"],
  ["ttl", "ttlSeconds"],
  ["within", "withinMs"],
  ["cursor", "after"],
]);

/** The API names fields as it knows them, at the beginning of each reason. */
export const renameFields = (detail: string) =>
  detail.replace(
    /(^|; |: )([a-z]+(?:_[a-z]+)*)(?=[:.])/g,
    (_, before, name) => before + (optionOf.get(name) ?? toCamel(name)),
  );
