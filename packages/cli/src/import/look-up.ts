import type { Raw } from "../import-sources/source.ts";

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
    if (found !== undefined && found !== null && found !== "") return found;
  }
  return undefined;
}

/** A column may hold JSON as text. */
function unfold(value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith("{")) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
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
