import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { OutcomeKind } from "@evertoken/core";
import { badCertificates } from "./bad-certificates.ts";
import { localhostCertificate } from "./localhost-certificate.ts";

/** One way in which the path to a token endpoint, or the endpoint itself, can be odd. */
export interface NetworkFault {
  readonly name: string;
  /** What it means for a provider whose refresh tokens are single-use. */
  readonly outcome: OutcomeKind;
  /** Answers one whole request. */
  readonly answer?: (socket: net.Socket) => void;
  /** Acts before a request can be read. */
  readonly connect?: (socket: net.Socket) => void;
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Where nobody listens. */
  readonly url?: string;
  /** Takes as long as the client is willing to wait. */
  readonly slow?: boolean;
}

const tokens = '{"access_token":"fresh-access","refresh_token":"fresh-refresh","expires_in":3600}';
const json = "content-type: application/json\r\n";
const ok = `HTTP/1.1 200 OK\r\n${json}`;

/** A whole answer. */
const whole = (body: string | Buffer, head = ok) =>
  Buffer.concat([withLength(head, Buffer.byteLength(body)), Buffer.from(body)]);
const withLength = (head: string, length: number) => Buffer.from(`${head}content-length: ${length}\r\n\r\n`);
const says = (answer: string | Buffer) => (socket: net.Socket) => void socket.write(answer);
const encoded = (name: string, body: Buffer) => says(whole(body, `${ok}content-encoding: ${name}\r\n`));
const chunked = (...parts: string[]) =>
  `${ok}transfer-encoding: chunked\r\n\r\n${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("")}`;

const healthy = says(whole(tokens));

/** Odd, and the tokens are there: none may be lost. */
const odd: NetworkFault[] = [
  { name: "gzip", answer: encoded("gzip", gzipSync(tokens)), outcome: "granted" },
  { name: "brotli", answer: encoded("br", brotliCompressSync(tokens)), outcome: "granted" },
  { name: "deflate", answer: encoded("deflate", deflateSync(tokens)), outcome: "granted" },
  { name: "raw deflate", answer: encoded("deflate", deflateRawSync(tokens)), outcome: "granted" },
  { name: "zstd", answer: encoded("zstd", zstdCompressSync(tokens)), outcome: "granted" },
  { name: "twice encoded", answer: encoded("gzip, br", brotliCompressSync(gzipSync(tokens))), outcome: "granted" },
  { name: "plain text that is called gzip", answer: encoded("gzip", Buffer.from(tokens)), outcome: "granted" },
  {
    name: "an encoding that nobody knows, around plain text",
    answer: encoded("utf-8", Buffer.from(tokens)),
    outcome: "granted",
  },
  { name: "chunks", answer: says(`${chunked(tokens.slice(0, 9), tokens.slice(9))}0\r\n\r\n`), outcome: "granted" },
  {
    name: "no length, to the end",
    answer: (socket) => socket.end(`${ok}connection: close\r\n\r\n${tokens}`),
    outcome: "granted",
  },
  { name: "a byte order mark", answer: says(whole(`\ufeff${tokens}`)), outcome: "granted" },
  {
    name: "bytes that are no UTF-8",
    answer: says(whole(Buffer.from(tokens.replace("{", '{"name":"M\xfcller",'), "latin1"))),
    outcome: "granted",
  },
  {
    name: "an early hint",
    answer: says(Buffer.concat([Buffer.from("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"), whole(tokens)])),
    outcome: "granted",
  },
  {
    name: "a continue",
    answer: says(Buffer.concat([Buffer.from("HTTP/1.1 100 Continue\r\n\r\n"), whole(tokens)])),
    outcome: "granted",
  },
  {
    name: "bytes that trickle in time",
    answer: (socket) => trickle(socket, whole(tokens).toString(), 2),
    outcome: "granted",
  },
];

/** Sent, and no usable answer: a single-use token may be spent. */
const lost: NetworkFault[] = [
  { name: "an empty answer", answer: says(whole("")), outcome: "uncertain" },
  { name: "a web page", answer: says(whole("<html><title>Sign in to the Wi-Fi</title></html>")), outcome: "uncertain" },
  {
    name: "a body cut off",
    answer: (socket) => socket.end(Buffer.concat([withLength(ok, 999), Buffer.from(tokens)])),
    outcome: "uncertain",
  },
  { name: "a chunk cut off", answer: (socket) => socket.end(chunked(tokens.slice(0, 30))), outcome: "uncertain" },
  { name: "JSON cut off", answer: says(whole(tokens.slice(0, 30))), outcome: "uncertain" },
  {
    name: "gzip cut off",
    answer: encoded("gzip", gzipSync(tokens).subarray(0, -12)),
    outcome: "uncertain",
  },
  { name: "a head cut off", answer: (socket) => socket.end("HTTP/1.1 200 O"), outcome: "uncertain" },
  {
    name: "a continue and no more",
    answer: (socket) => socket.end("HTTP/1.1 100 Continue\r\n\r\n"),
    outcome: "uncertain",
  },
  { name: "another protocol", answer: (socket) => socket.end("220 mail.example ESMTP\r\n"), outcome: "uncertain" },
  { name: "a reset instead of an answer", answer: (socket) => void socket.resetAndDestroy(), outcome: "uncertain" },
  {
    name: "a reset in the answer",
    answer: (socket) => {
      socket.write(Buffer.concat([withLength(ok, 999), Buffer.from(tokens)]), () =>
        setTimeout(() => socket.resetAndDestroy(), 50),
      );
    },
    outcome: "uncertain",
  },
  { name: "a body without end", answer: (socket) => endless(socket, ok), outcome: "uncertain" },
  { name: "a gzip bomb", answer: encoded("gzip", gzipSync(Buffer.alloc(64 * 1024 * 1024))), outcome: "uncertain" },
  { name: "silence", answer: () => {}, outcome: "uncertain", slow: true },
  {
    name: "a head that trickles for ever",
    answer: (socket) => trickle(socket, `${ok}x: ${"y".repeat(10_000)}`, 20),
    outcome: "uncertain",
    slow: true,
  },
  {
    name: "a body that trickles for ever",
    answer: (socket) => trickle(socket, `${withLength(ok, 99_999)}${" ".repeat(10_000)}`, 20),
    outcome: "uncertain",
    slow: true,
  },
];

/** Answered, and refused: nothing was spent. */
const refused: NetworkFault[] = [
  { name: "a redirect", answer: says(whole("", "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\n")), outcome: "unknown" },
  {
    name: "a firewall's page",
    answer: says(whole("<html><title>Attention</title></html>", "HTTP/1.1 403 Forbidden\r\n")),
    outcome: "transient",
  },
  {
    name: "a gateway's page",
    answer: says(whole("<html>502</html>", "HTTP/1.1 502 Bad Gateway\r\n")),
    outcome: "transient",
  },
  {
    name: "a refusal cut off",
    answer: (socket) => socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 99\r\n\r\n{"),
    outcome: "transient",
  },
  {
    name: "a limit without end",
    answer: (socket) => endless(socket, "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\n"),
    outcome: "throttled",
  },
];

/** Never written: the token is unspent for certain. */
const unsent: NetworkFault[] = [
  { name: "no such name", url: "https://no-such-host.invalid/token", outcome: "unsent" },
  { name: "an expired certificate", certificate: badCertificates.expired, outcome: "unsent" },
  { name: "another's certificate", certificate: badCertificates.elsewhere, outcome: "unsent" },
  { name: "a stranger's certificate", certificate: badCertificates.stranger, outcome: "unsent" },
  {
    name: "a reset in the handshake",
    certificate: localhostCertificate,
    connect: (socket) => void socket.resetAndDestroy(),
    outcome: "unsent",
  },
  {
    name: "a handshake that hangs",
    certificate: localhostCertificate,
    connect: () => {},
    outcome: "unsent",
    slow: true,
  },
];

export const networkFaults: readonly NetworkFault[] = [...odd, ...lost, ...refused, ...unsent];

export interface FaultServer {
  readonly url: string;
  /** Whole requests that arrived. */
  requests(): number;
  close(): void;
}

/** Shows the fault to the first `times` connections, or requests, and is healthy from then on. */
export async function startFaultServer(fault: NetworkFault, times = Number.POSITIVE_INFINITY): Promise<FaultServer> {
  if (fault.url !== undefined) return { url: fault.url, requests: () => 0, close: () => {} };
  let left = times;
  let requests = 0;
  const sockets = new Set<net.Socket>();
  const onRequest = (socket: net.Socket) => {
    requests += 1;
    left -= 1;
    (left >= 0 && fault.answer ? fault.answer : healthy)(socket);
  };
  const plain = net.createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    socket.on("close", () => sockets.delete(socket));
    if (fault.certificate === undefined) return readRequests(socket, onRequest);
    left -= 1;
    if (left >= 0 && fault.connect) return fault.connect(socket);
    const { cert, key } = left >= 0 ? fault.certificate : localhostCertificate;
    const secure = new tls.TLSSocket(socket, { isServer: true, cert, key });
    readRequests(
      secure.on("error", () => {}),
      onRequest,
    );
  });
  plain.listen(0, "127.0.0.1");
  await once(plain, "listening");
  const { port } = plain.address() as net.AddressInfo;
  return {
    url: `${fault.certificate === undefined ? "http" : "https"}://localhost:${port}/token`,
    requests: () => requests,
    close: () => {
      plain.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Calls back for each whole request with a stated length. */
function readRequests(socket: net.Socket, onRequest: (socket: net.Socket) => void): void {
  let read = "";
  socket.on("data", (chunk) => {
    read += chunk.toString("latin1");
    const [head = "", body] = read.split("\r\n\r\n", 2);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (body === undefined || body.length < length) return;
    read = "";
    onRequest(socket);
  });
}

function trickle(socket: net.Socket, text: string, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++] ?? ""), everyMs);
  socket.on("close", () => clearInterval(timer));
}

function endless(socket: net.Socket, head: string): void {
  const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
  const more = () => {
    while (!socket.destroyed && socket.write(chunk)) {}
  };
  socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
  socket.on("drain", more);
  more();
}
