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
    const value: unknown = JSON.parse(text);
    // An object that was serialized twice.
    const object: unknown = typeof value === "string" ? JSON.parse(value) : value;
    return typeof object === "object" && object !== null ? (object as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

// GitHub without an Accept header, Facebook of old.
function parseForm(text: string): Record<string, unknown> | null {
  if (!/(^|&)(access_token|error)=/.test(text)) return null;
  return Object.fromEntries(new URLSearchParams(text));
}
