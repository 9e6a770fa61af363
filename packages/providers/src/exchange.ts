import { Agent as HttpAgent } from "node:http";
import { type AgentOptions, Agent as HttpsAgent } from "node:https";
import type { RawAnswer } from "@evertoken/core";
import got, { type Got, RequestError } from "got";
import { decodeBody } from "./decode-body.ts";
import type { HttpRequest } from "./http-request.ts";
import { isPrivateAddress, publicLookup } from "./private-address.ts";

export interface ExchangeOptions {
  /** Hard deadline of the whole exchange, from DNS to the last byte of the body. */
  readonly timeoutMs?: number;
  /** Loopback, private and link-local addresses are refused unless this is set (SSRF). */
  readonly allowPrivateAddresses?: boolean;
  /** Of the decompressed body. */
  readonly maxBodyBytes?: number;
  readonly userAgent?: string;
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured. A proxy looks names up itself, past the check of addresses. */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
  /** Authorities to trust instead of the usual ones, in PEM. To add one, Node has NODE_EXTRA_CA_CERTS. */
  readonly ca?: string;
}

export interface Exchange {
  /** Sends one request exactly once. Never throws: what went wrong is a `failure`. */
  (request: HttpRequest, signal?: AbortSignal): Promise<RawAnswer>;
  close(): void;
}

// Below the 5 seconds after which many servers drop an idle connection: a request that meets such a drop is an answer lost.
const idleMs = 4000;

/** The only way to a provider. No retry, no redirect, TLS verified, nothing of the request in what comes back. */
export function createExchange(options: ExchangeOptions = {}): Exchange {
  const { timeoutMs = 30_000, allowPrivateAddresses = false, maxBodyBytes = 1024 * 1024 } = options;
  const agents = createAgents(options);
  const client = got.extend({
    agent: agents,
    timeout: { request: timeoutMs },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    // A token answer is a kilobyte: nothing is won by compressing it. Servers that do so unasked are understood (decodeBody).
    decompress: false,
    responseType: "buffer",
    headers: { "user-agent": options.userAgent ?? "evertoken/0.1", "accept-encoding": "identity" },
  });
  const exchange = async (request: HttpRequest, signal?: AbortSignal): Promise<RawAnswer> => {
    const refused = allowPrivateAddresses ? null : refusal(request.url);
    if (refused !== null) return { kind: "failure", sent: false, code: refused, status: null };
    return send(client, request, maxBodyBytes, signal);
  };
  return Object.assign(exchange, {
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  });
}

/** Names are judged when they are looked up; an address is never looked up. */
function refusal(url: string): string | null {
  if (!URL.canParse(url)) return "ERR_INVALID_URL";
  return isPrivateAddress(new URL(url).hostname) ? "ERR_PRIVATE_ADDRESS" : null;
}

function createAgents({ allowPrivateAddresses = false, proxyEnv, ca }: ExchangeOptions) {
  const agentOptions: AgentOptions = {
    keepAlive: true,
    maxFreeSockets: 512,
    timeout: idleMs,
    ...(allowPrivateAddresses ? {} : { lookup: publicLookup }),
    ...(proxyEnv === undefined ? {} : { proxyEnv: { ...proxyEnv } }),
  };
  return {
    http: new HttpAgent(agentOptions),
    https: new HttpsAgent({ ...agentOptions, ...(ca === undefined ? {} : { ca }) }),
  };
}

async function send(client: Got, request: HttpRequest, maxBodyBytes: number, signal?: AbortSignal): Promise<RawAnswer> {
  const overflow = new AbortController();
  try {
    const pending = client(request.url, {
      method: request.method,
      headers: request.headers,
      ...(request.body === null ? {} : { body: request.body }),
      signal: signal === undefined ? overflow.signal : AbortSignal.any([signal, overflow.signal]),
    });
    pending.on("downloadProgress", ({ transferred }) => {
      if (transferred > maxBodyBytes) overflow.abort();
    });
    const response = await pending;
    if (overflow.signal.aborted) throw overflow.signal.reason;
    const { statusCode: status, rawBody } = response;
    const headers = flat(response.headers);
    const body = decodeBody(headers["content-encoding"], rawBody, maxBodyBytes);
    if (body.kind === "decoded") return { kind: "response", status, headers, body: body.bytes };
    const code = body.kind === "too_large" ? "ERR_BODY_TOO_LARGE" : "ERR_CONTENT_ENCODING";
    return { kind: "failure", sent: true, code, status };
  } catch (error) {
    return failureOf(error, overflow.signal.aborted);
  }
}

/**
 * Of an error only its code goes on: its text and its fields hold the request. `sent` is false only when it is certain: got notes the
 * upload when the whole request was handed to the network, which for TLS is after the handshake.
 */
function failureOf(error: unknown, tooLarge: boolean): RawAnswer {
  const failed = error instanceof RequestError ? error : null;
  const code = tooLarge ? "ERR_BODY_TOO_LARGE" : (failed?.code ?? "ERR_UNKNOWN");
  return {
    kind: "failure",
    sent: failed === null || failed.timings?.upload !== undefined,
    code: /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : "ERR_UNKNOWN",
    status: failed?.response?.statusCode ?? null,
  };
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flattened: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flattened[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flattened;
}
