import { errorWords } from "./error-words.ts";
import { maskSecrets } from "./mask-secrets.ts";
import type { Provider, ReadResponse } from "./provider.ts";
import { at } from "./read-body.ts";

const maxLength = 200;
const mask = "***";

/**
 * A short text for logs: what an answer says of its error, in the fields that are known for it and in the words that are known for it
 * (`errorWords`). An answer that says it succeeded may hold a token anywhere: of it nothing is repeated but codes that we know beforehand.
 * `secrets`: the values we sent.
 */
export function reasonOf(provider: Provider, response: ReadResponse, secrets: readonly string[] = []): string {
  const { status, body } = response;
  const success = status >= 200 && status < 300;
  const code = body.fields === null ? null : codeOf(body.fields);
  const known = code !== null && knownCodes(provider).has(code) ? code : null;
  const parts = success
    ? [known, known === null ? formOf(response) : null]
    : [known ?? inWords(code, secrets), said(response, secrets)];
  const text = parts.filter((part) => part !== null && part !== "").join(": ");
  return shortened(text === "" ? `HTTP ${status}` : `HTTP ${status} ${text}`);
}

/** What an app's handler or a browser tells of itself: without the given secrets, addresses and whatever looks like a token. */
export function sanitize(text: string, secrets: readonly string[] = []): string {
  const clean = maskSecrets(head(text), secrets)
    .replaceAll(/[\p{C}\s]+/gu, " ")
    .replaceAll(/[^\s@]+@[^\s@]+/g, mask)
    .replaceAll(/\?[^\s"']*=[^\s"']*/g, `?${mask}`)
    .replaceAll(/[\w\-.~+/=%|:]{16,}/g, (run) => (isWords(run) ? run : mask))
    .trim();
  // Masks and whitespace may have joined what was apart.
  return shortened(maskSecrets(clean, secrets));
}

const shortened = (text: string) => (text.length > maxLength ? `${text.slice(0, maxLength - 3)}...` : text);

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

/** RFC 6749 section 5.2, and what the provider's file expects. */
function knownCodes({ errors }: Provider): ReadonlySet<unknown> {
  const expected = errors.flatMap(({ where }) => Object.values(where ?? {}).flat());
  return new Set([...standardCodes, ...expected.map((value) => (typeof value === "object" ? null : String(value)))]);
}

const standardCodes = [
  ...[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
  ],
  ...["temporarily_unavailable", "server_error"],
];

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
    "fault.detail.errorcode",
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
    "fault.faultstring",
  ]) {
    const value = at(fields, path);
    if (typeof value === "string" && value !== "") return value;
  }
  return null;
}

function inWords(text: string | null, secrets: readonly string[]): string | null {
  return text === null ? null : errorWords(head(text), secrets);
}

/** Of an answer that says it failed. */
function said(response: ReadResponse, secrets: readonly string[]): string | null {
  const { form, fields, text } = response.body;
  if (fields !== null) return inWords(descriptionOf(fields), secrets);
  if (form === "text") return inWords(text, secrets);
  const title = form === "html" ? inWords(titleOf(text), secrets) : null;
  return title === null ? formOf(response) : `${formOf(response)} titled "${title}"`;
}

function formOf({ body: { form } }: ReadResponse): string {
  switch (form) {
    case "html":
      return "a web page";
    case "broken_json":
      return "unreadable JSON";
    case "empty":
      return "an empty answer";
    case "text":
      return "a text";
    case "json":
    case "form":
      return "without a usable token";
  }
}

function titleOf(html: string): string | null {
  return /<title[^>]*>([^<]{1,80})/i.exec(html.slice(0, 4000))?.[1]?.trim() ?? null;
}
