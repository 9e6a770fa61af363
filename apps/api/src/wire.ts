type Snake<S extends string> = S extends `${infer Head}${infer Rest}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${Snake<Rest>}`
  : S;

type WireValue<T> = T extends Date | bigint ? string : T;

/** An object as it travels: names in snake_case, times in ISO 8601. */
export type Wire<T> = { [K in keyof T & string as Snake<K>]: WireValue<T[K]> };

/** Shallow. */
export function toWire<T extends object>(value: T): Wire<T> {
  const entries = Object.entries(value).map(([name, content]) => [snake(name), wireValue(content)]);
  return Object.fromEntries(entries) as Wire<T>;
}

export const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function wireValue(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "bigint" ? value.toString() : value;
}
