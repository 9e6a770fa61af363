const secretKey = /token|secret|password|authorization|cookie|credential|verifier|api_?key/i;
const hidden = "[hidden]";

const secretTexts: readonly RegExp[] = [
  /(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}/gi,
  /(\b\w*(?:token|secret|password|assertion|verifier|api_?key)["']?\s*[=:]\s*["']?)[^\s"'&,;}]{8,}/gi,
  /([?&]code=)[^\s"'&]+/gi,
];

const maskText = (text: string): string =>
  secretTexts.reduce((masked, secret) => masked.replace(secret, `$1${hidden}`), text);

/**
 * What the board shows of a job, with anything that looks like a credential hidden. The engine puts none into jobs;
 * but a sync handler is the app's, and what it returns or throws (a URL, a header) ends up in its job too.
 */
export function mask(value: unknown, underSecretKey = false): unknown {
  if (typeof value === "string") return underSecretKey ? hidden : maskText(value);
  if (Array.isArray(value)) return value.map((item) => mask(item, underSecretKey));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mask(item, underSecretKey || secretKey.test(key))]),
  );
}
