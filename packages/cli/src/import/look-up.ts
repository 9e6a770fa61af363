import type { Raw } from "../import-sources/source.ts";
import { parseJson } from "./parse-json.ts";

/** What stands at a dotted path; `id_token#sub` is a claim of a JWT. undefined: nothing, or nothing in it. */
export function lookUp(raw: Raw, path: string): unknown {
  const [place = "", claim] = path.split("#");
  const found = place.split(".").reduce<unknown>((at, name) => (isObject(at) ? unfold(at[name]) : undefined), raw);
  return claim === undefined || typeof found !== "string" ? found : claimsOf(found)[claim];
}

/** The first of the paths that has something. */
export function firstOf(raw: Raw, paths: readonly string[]): unknown {
  for (const path of paths) {
    const found = lookUp(raw, path);
    if (!isNothing(found)) return unwrap(found);
  }
  return undefined;
}

/** How databases and scripts write that there is nothing: stored, it would pass for a token. */
const nothing = new Set(["", "null", "\\n", "(null)", "<null>", "[null]", "none", "nil", "undefined", "nan"]);

export function isNothing(value: unknown): boolean {
  return (
    value === undefined || value === null || (typeof value === "string" && nothing.has(value.trim().toLowerCase()))
  );
}

/** Of columns, each that holds JSON as text as what it holds. */
export const unfoldAll = (raw: Raw): Raw =>
  Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, unfold(value)]));

function unfold(value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith("{")) return value;
  const { value: parsed } = parseJson(Buffer.from(value));
  return parsed ?? value;
}

/** An id, number or time as MongoDB exports it. https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/ */
function unwrap(value: unknown): unknown {
  const [only, ...others] = isObject(value) ? Object.entries(value) : [];
  if (only === undefined || others.length > 0 || !/^\$(oid|date|numberInt|numberLong|uuid)$/.test(only[0]))
    return value;
  return unwrap(only[1]);
}

/** Not verified: they name an account, and prove nothing. */
function claimsOf(token: string): Raw {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return isObject(claims) ? claims : {};
  } catch {
    return {};
  }
}

export function isObject(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
