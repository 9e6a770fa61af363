/** The body of an answer, read as far as it can be. `fields` is null when it holds no object. */
export interface ReadBody {
  readonly form: "json" | "form" | "html" | "text" | "empty" | "broken_json";
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>> | null;
}

// TextDecoder drops a byte order mark and never throws in this mode.
const utf8 = new TextDecoder();

/** By what the body is, not by what its content type says: text/javascript, text/html and none are seen around JSON. */
export function readBody(body: Uint8Array): ReadBody {
  const text = utf8.decode(body).trim();
  if (text === "") return { form: "empty", text, fields: null };
  if (/^[{["]/.test(text)) {
    const fields = parseObject(text);
    return { form: fields === null ? "broken_json" : "json", text, fields };
  }
  if (text.startsWith("<")) return { form: "html", text, fields: null };
  const fields = parseForm(text);
  return { form: fields === null ? "text" : "form", text, fields };
}

/** The value at a dotted path such as `error.code`, or undefined. */
export function at(fields: unknown, path: string): unknown {
  let value = fields;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value = parseExactly(text);
    // An object that was serialized twice.
    const object = typeof value === "string" ? parseExactly(value) : value;
    if (typeof object !== "object" || object === null) return null;
    return (unstorable.test(text) ? storable(object) : object) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** Whole numbers beyond 2^53 as text, digit by digit: rounded, the ids of two accounts may become one. */
function parseExactly(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const exact = (_: string, value: unknown, { source }: { readonly source?: string }) =>
    Number.isInteger(value) && !Number.isSafeInteger(value) && source !== undefined ? source : value;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}

// GitHub without an Accept header, Facebook of old.
function parseForm(text: string): Record<string, unknown> | null {
  if (!/(^|&)(access_token|error)=/.test(text)) return null;
  return storable(Object.fromEntries(new URLSearchParams(text))) as Record<string, unknown>;
}

/** How JSON writes a character that {@link storable} takes out. */
const unstorable = /\\u(0000|d[89a-f])/i;

/**
 * Postgres takes neither NUL nor half of a surrogate pair, which escapes can smuggle into any text: an answer with one in its token type
 * could never be stored, and its tokens would be lost. No token has either; an access token that does is told apart by its NUL
 * (`readGranted`).
 */
function storable(value: unknown, name = ""): unknown {
  if (typeof value === "string") {
    return (/^access_?token$/i.test(name) ? value : value.replaceAll("\0", "")).toWellFormed();
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((inner) => storable(inner));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, storable(inner, key)]));
}
