import http, { Agent as HttpAgent } from "node:http";
import https, { type AgentOptions, Agent as HttpsAgent } from "node:https";
import type { RawAnswer, SendLimit } from "@evertoken/core";
import got, { type Got, RequestError, type RequestFunction } from "got";
import { startDeadline } from "./deadline.ts";
import { decodeBody } from "./decode-body.ts";
import { type Departure, guardDeparture } from "./departure.ts";
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
  (request: HttpRequest, options?: SendOptions): Promise<RawAnswer>;
  /** Sends nothing any more, and cuts off what runs: to be called when nothing does. */
  close(): void;
}

export interface SendOptions {
  readonly signal?: AbortSignal;
  /** Once this has passed nothing is sent any more: the failure is `tooLate`. */
  readonly sendBy?: SendLimit;
}

/** Code of a request that was not sent, because a process that stood still came to it too late. */
export const tooLate = "ERR_TOO_LATE";

// Below the 5 seconds after which many servers drop an idle connection: a request that meets such a drop is an answer lost.
const idleMs = 4000;

/** The only way to a provider. No retry, no redirect, TLS verified, nothing of the request in what comes back. */
export function createExchange(options: ExchangeOptions = {}): Exchange {
  const { timeoutMs = 30_000, allowPrivateAddresses = false, maxBodyBytes = 1024 * 1024 } = options;
  const agents = createAgents(options);
  const client = got.extend({
    agent: agents,
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    // A token answer is a kilobyte: nothing is won by compressing it. Servers that do so unasked are understood (decodeBody).
    decompress: false,
    responseType: "buffer",
    headers: { "user-agent": options.userAgent ?? "evertoken/0.1", "accept-encoding": "identity" },
  });
  let closed = false;
  const exchange = async (request: HttpRequest, sending: SendOptions = {}): Promise<RawAnswer> => {
    if (closed) return { kind: "failure", sent: false, code: "ERR_CLOSED", status: null };
    const refused = allowPrivateAddresses ? null : refusal(request.url);
    if (refused !== null) return { kind: "failure", sent: false, code: refused, status: null };
    return send(client, request, { timeoutMs, maxBodyBytes, ...sending });
  };
  return Object.assign(exchange, {
    close: () => {
      closed = true;
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

interface Sending extends SendOptions {
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
}

async function send(client: Got, request: HttpRequest, sending: Sending): Promise<RawAnswer> {
  const { timeoutMs, maxBodyBytes, signal, sendBy } = sending;
  const departure: Departure = { left: false, refused: false };
  const stopped = new AbortController();
  const endWatch = startDeadline(timeoutMs, () => stopped.abort("ETIMEDOUT"));
  try {
    const pending = client(request.url, {
      method: request.method,
      headers: request.headers,
      ...(request.body === null ? {} : { body: request.body }),
      request: guarded(departure, sendBy),
      signal: signal === undefined ? stopped.signal : AbortSignal.any([signal, stopped.signal]),
    });
    pending.on("downloadProgress", ({ transferred }) => {
      if (transferred > maxBodyBytes) stopped.abort("ERR_BODY_TOO_LARGE");
    });
    const response = await pending;
    if (stopped.signal.reason === "ERR_BODY_TOO_LARGE") throw stopped.signal.reason;
    const { statusCode: status, rawBody } = response;
    const headers = flat(response.headers);
    const body = decodeBody(headers["content-encoding"], rawBody, maxBodyBytes);
    if (body.kind === "decoded") return { kind: "response", status, headers, body: body.bytes };
    const code = body.kind === "too_large" ? "ERR_BODY_TOO_LARGE" : "ERR_CONTENT_ENCODING";
    return { kind: "failure", sent: true, code, status };
  } catch (error) {
    return failureOf(error, { request, departure, stoppedBy: stopped.signal.aborted ? stopped.signal.reason : null });
  } finally {
    endWatch();
  }
}

function guarded(departure: Departure, sendBy: SendLimit | undefined): RequestFunction {
  return (url, options, callback) => {
    const sent = (url.protocol === "https:" ? https : http).request(url, options, callback);
    guardDeparture(sent, departure, () => sendBy === undefined || !hasPassed(sendBy));
    return sent;
  };
}

const hasPassed = ({ wallMs, monotonicMs }: SendLimit) => Date.now() > wallMs || performance.now() > monotonicMs;

interface Failed {
  readonly request: HttpRequest;
  readonly departure: Departure;
  readonly stoppedBy: string | null;
}

/** got hands a body over in pieces of this size: a larger one may have left in part, which is worth nothing to anybody. */
const atOnceBytes = 65_536;

/** Of an error only its code goes on: its text and its fields hold the request. */
function failureOf(error: unknown, { request, departure, stoppedBy }: Failed): RawAnswer {
  const failed = error instanceof RequestError ? error : null;
  const code = departure.refused ? tooLate : (stoppedBy ?? failed?.code ?? "ERR_UNKNOWN");
  return {
    kind: "failure",
    sent: departure.left && (failed?.timings?.upload !== undefined || (request.body?.length ?? 0) < atOnceBytes),
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
