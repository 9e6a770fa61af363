import { callback, needed, number, object, optionsOf, refuseUnfit } from "./check-arguments.ts";
import { EvertokenError } from "./contract/evertoken-error.ts";

/** A request as it came: the body before anybody parsed it. */
export interface WebhookRequest {
  readonly headers:
    | { get(name: string): string | null }
    | Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string | Uint8Array;
}

export interface WebhookEvent {
  /** The same when it is delivered again. */
  readonly id: string;
  /** Such as `connection.needs_reauth`. */
  readonly type: string;
  readonly timestamp: Date;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface WebhookOptions {
  /** How far the time of sending may be from now: an older one may have been recorded and sent again. Default 300. */
  readonly toleranceSeconds?: number;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
  /** Default: the runtime's own. Node 18 has it as `webcrypto` of `node:crypto` only. */
  readonly crypto?: WebhookCrypto;
}

/** The part of Web Crypto that is needed. */
export interface WebhookCrypto {
  readonly subtle: {
    importKey(
      format: "raw",
      key: Uint8Array<ArrayBuffer>,
      algorithm: { name: "HMAC"; hash: "SHA-256" },
      extractable: false,
      usages: "verify"[],
    ): Promise<unknown>;
    verify(
      algorithm: "HMAC",
      key: never,
      signature: Uint8Array<ArrayBuffer>,
      data: Uint8Array<ArrayBuffer>,
    ): Promise<boolean>;
  };
}

const ofRequest = needed("request", {
  fits: (value) => object.fits(value) && object.fits((value as { headers?: unknown }).headers),
  needs: "the headers and the body that came: { headers, body }",
});
const ofOptions = optionsOf<WebhookOptions>({ toleranceSeconds: number, now: callback, crypto: object });

/**
 * The event of a webhook, once it is certain that Evertoken sent it, and lately.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param secrets `whsec_...`; while one is replaced, the old and the new
 * @throws {EvertokenError} `webhook_refused`: answer 400; `invalid_input` for a secret that is none, or a body that was parsed
 */
export async function verifyWebhook(
  request: WebhookRequest,
  secrets: string | readonly string[],
  options: WebhookOptions = {},
): Promise<WebhookEvent> {
  refuseUnfit([ofRequest, ofOptions], [request, options]);
  const { headers, body } = request;
  const { toleranceSeconds = 300, now = Date.now } = options;
  const { crypto = globalThis.crypto as WebhookCrypto | undefined } = options;
  if (crypto === undefined) {
    throw new EvertokenError(
      "unsupported_runtime",
      "this runtime has no crypto (Node 18): pass webcrypto of node:crypto",
    );
  }
  const keys = [secrets].flat().map(readSecret);
  if (keys.length === 0) throw new EvertokenError("invalid_input", "secrets: needs one at least");
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  const signatures = headerOf(headers, "webhook-signature");
  if (id === null || timestamp === null || signatures === null) {
    throw refused("the webhook- headers are missing: it does not come from Evertoken, or a proxy took them off");
  }
  if (!/^\d{1,12}$/.test(timestamp) || !(Math.abs(now() / 1000 - Number(timestamp)) <= toleranceSeconds)) {
    throw refused("it was sent too long ago, or a clock is wrong");
  }
  const text = textOf(body);
  const signed = bytes(`${id}.${timestamp}.${text}`);
  for (const secret of keys) {
    const algorithm = { name: "HMAC", hash: "SHA-256" } as const;
    const key = (await crypto.subtle.importKey("raw", secret, algorithm, false, ["verify"])) as never;
    for (const signature of ofVersion1(signatures)) {
      if (await crypto.subtle.verify("HMAC", key, signature, signed)) return readEvent(text);
    }
  }
  throw refused("it was not signed with this secret, or its body was changed: verify the body as it came");
}

const refused = (why: string) => new EvertokenError("webhook_refused", `the webhook is refused: ${why}`);

function headerOf(headers: WebhookRequest["headers"], name: string): string | null {
  if (typeof headers.get === "function") return headers.get(name);
  const found = Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1];
  return typeof found === "string" ? found : null;
}

/** Bytes are told by their length, as a test runner may have a Uint8Array of its own. */
function textOf(body: WebhookRequest["body"]): string {
  if (typeof body === "string") return body;
  if (typeof body === "object" && body !== null && "byteLength" in body) return new TextDecoder().decode(body);
  throw new EvertokenError(
    "invalid_input",
    "body: needs the text or the bytes that came, before they are parsed as JSON",
  );
}

function readSecret(secret: string): Uint8Array<ArrayBuffer> {
  const key = typeof secret === "string" ? fromBase64(secret.trim().replace(/^whsec_/, "")) : null;
  if (key !== null && key.length > 0) return key;
  throw new EvertokenError(
    "invalid_input",
    "secrets: needs whsec_ and base64, as it was told when the endpoint was made",
  );
}

/** `v1,<base64>` each, several while a secret is replaced. */
function ofVersion1(signatures: string): Uint8Array<ArrayBuffer>[] {
  return signatures
    .split(" ")
    .filter((each) => each.startsWith("v1,"))
    .map((each) => fromBase64(each.slice(3)))
    .filter((each) => each !== null);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

function readEvent(text: string): WebhookEvent {
  try {
    const { id, type, timestamp, data } = JSON.parse(text);
    return { id, type, timestamp: new Date(timestamp), data };
  } catch {
    throw refused("its body is not JSON");
  }
}
