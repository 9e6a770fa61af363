import { at, type ReadBody } from "./read-body.ts";

const maxLength = 200;
const mask = "***";

/**
 * A short text for logs: the error code and description of an answer, without anything that is or looks like a token. Providers
 * do echo secrets in their error texts. `secrets`: the values we sent, which are removed wherever they appear.
 */
export function reasonOf(status: number, body: ReadBody, secrets: readonly string[] = []): string {
  const parts = body.fields === null ? [prose(body)] : [codeOf(body.fields), descriptionOf(body.fields)];
  const known = parts.filter((part) => part !== null && part !== "").join(": ");
  const said = known === "" && body.fields !== null ? shapeOf(body.fields) : known;
  return sanitize(said === "" ? `HTTP ${status}` : `HTTP ${status} ${said}`, secrets);
}

/** Removes control characters, the given secrets in any spelling we send, addresses and whatever looks like a token. */
export function sanitize(text: string, secrets: readonly string[] = []): string {
  let clean = head(text);
  for (const secret of spellings(secrets)) clean = clean.replaceAll(literal(secret), mask);
  clean = clean
    .replaceAll(/[\p{C}\s]+/gu, " ")
    .replaceAll(/[^\s@]+@[^\s@]+/g, mask)
    .replaceAll(/\?[^\s"']*=[^\s"']*/g, `?${mask}`)
    .replaceAll(/[\w\-.~+/=%|:]{16,}/g, (run) => (isWords(run) ? run : mask))
    .trim();
  // Masks and whitespace may have joined what was apart, so the exact values are looked for once more.
  for (const secret of spellings(secrets)) clean = clean.replaceAll(literal(secret), mask);
  return clean.length > maxLength ? `${clean.slice(0, maxLength - 3)}...` : clean;
}

/** Long texts are cut between words, so that no half of a secret is left, and before any pattern has to read a megabyte. */
function head(text: string): string {
  return text.length > 1000 ? `${text.slice(0, 1000).replace(/\S*$/, "")}...` : text;
}

/** Error codes and file-like names: words of letters joined by `_`, `-`, `.` or `/`, none of them long. */
function isWords(run: string): boolean {
  return run
    .split(/[_\-./:]/)
    .every(
      (word) =>
        /^([a-z]{0,20}|[A-Z]{0,20}|[A-Z][a-z]{0,20}|\d{1,6}|[a-z]+([A-Z][a-z]+){0,3})$/.test(word) && word.length <= 24,
    );
}

function spellings(secrets: readonly string[]): string[] {
  return secrets
    .filter((secret) => secret.length >= 4)
    .flatMap((secret) => {
      const encoded = encodeURIComponent(secret);
      return encoded === secret ? [secret] : [secret, encoded, new URLSearchParams({ s: secret }).toString().slice(2)];
    })
    .sort((a, b) => b.length - a.length);
}

function literal(value: string): RegExp {
  return new RegExp(
    value.replaceAll(/[^\w]/g, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`),
    "giu",
  );
}

function codeOf(fields: object): string | null {
  for (const path of [
    "error",
    "error.code",
    "error.type",
    "code",
    "status",
    "error_type",
    "category",
    // Lists of errors: Fitbit, Strava, Square.
    "errors.0.errorType",
    "errors.0.code",
  ]) {
    const value = at(fields, path);
    if ((typeof value === "string" && value !== "") || typeof value === "number") return String(value);
  }
  return null;
}

/** What an answer says in prose, wherever it says it. */
export function descriptionOf(fields: object): string | null {
  for (const path of [
    "error_description",
    "errorDescription",
    "error.message",
    "message",
    "error_message",
    "reason",
    "description",
    "errors.0.message",
    "errors.0.detail",
  ]) {
    const value = at(fields, path);
    if (typeof value === "string" && value !== "") return value;
  }
  return null;
}

const named = /token|secret|password|key|credential|session|jwt|signature|(^|\.)code$/i;
const shownLeaves = 6;

/** An answer in words that we do not know, as whoever has to describe it needs it: its fields, and what of their values may be shown. */
function shapeOf(fields: object): string {
  return leaves(fields, "")
    .slice(0, shownLeaves)
    .map(([path, value]) => `${path}: ${isText(value) && named.test(path) ? mask : String(value)}`)
    .join("; ");
}

/** A token of digits may come as a number. */
const isText = (value: unknown) => typeof value === "string" || typeof value === "number";

function leaves(value: unknown, path: string, depth = 0): [string, unknown][] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  if (depth === 4) return [[path, "..."]];
  return Object.entries(value)
    .slice(0, shownLeaves)
    .flatMap(([name, inner]) => leaves(inner, path === "" ? name : `${path}.${name}`, depth + 1));
}

function prose(body: ReadBody): string {
  if (body.form === "html") return `a web page${title(body.text)}`;
  if (body.form === "broken_json") return "unreadable JSON";
  return body.form === "empty" ? "an empty answer" : body.text;
}

function title(html: string): string {
  const found = /<title[^>]*>([^<]{1,80})/i.exec(html.slice(0, 4000))?.[1]?.trim();
  return found === undefined ? "" : ` titled "${found}"`;
}
