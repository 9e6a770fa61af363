import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { gzipSync } from "node:zlib";
import type { RawAnswer } from "@evertoken/core";
import { createExchange, type Exchange, type ExchangeOptions, type HttpRequest } from "@evertoken/providers";
import { afterEach, describe, expect, it } from "vitest";
import { localhostCertificate } from "./localhost-certificate.ts";

const secret = "refresh-token-that-nobody-may-see";
const opened: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

function exchangeWith(options: ExchangeOptions = {}): Exchange {
  const exchange = createExchange({ allowPrivateAddresses: true, timeoutMs: 5000, ...options });
  opened.push(exchange);
  return exchange;
}

async function listen(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  opened.push({
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  return (server.address() as net.AddressInfo).port;
}

/** A server that reads one whole request of ours, then does what it likes with the connection. */
function rawServer(answer: (socket: net.Socket, count: number) => void): Promise<number> {
  let count = 0;
  return listen(
    net.createServer((socket) => {
      let read = "";
      socket.on("data", (chunk) => {
        read += chunk.toString();
        if (!read.endsWith(secret)) return;
        read = "";
        count += 1;
        answer(socket, count);
      });
    }),
  );
}

const httpServer = (handler: http.RequestListener) => listen(http.createServer(handler));
const post = (port: number, scheme = "http"): HttpRequest => ({
  method: "POST",
  url: `${scheme}://127.0.0.1:${port}/token`,
  headers: { "content-type": "application/x-www-form-urlencoded" },
  body: `refresh_token=${secret}`,
});

/** A failure carries its four fields and nothing of the request. */
function failure(answer: RawAnswer) {
  if (answer.kind !== "failure") throw new Error(`answered ${answer.status}`);
  expect(Object.keys(answer).sort()).toEqual(["code", "kind", "sent", "status"]);
  expect(JSON.stringify(answer)).not.toContain(secret);
  return answer;
}

function response(answer: RawAnswer) {
  if (answer.kind !== "response") throw new Error(`failed: ${answer.code}`);
  return { status: answer.status, headers: answer.headers, text: Buffer.from(answer.body).toString() };
}

describe("one request", () => {
  it("arrives as it is, and its answer comes back as it is", async () => {
    const seen: { method?: string; userAgent?: string; body: string }[] = [];
    const port = await httpServer((request, reply) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        seen.push({ method: request.method ?? "", userAgent: request.headers["user-agent"] ?? "", body });
        reply.writeHead(201, { "X-Odd": "1", "Set-Cookie": ["a=1", "b=2"] }).end("{}");
      });
    });
    const { status, headers, text } = response(await exchangeWith({ userAgent: "test/1" })(post(port)));
    expect([status, headers["x-odd"], headers["set-cookie"], text]).toEqual([201, "1", "a=1, b=2", "{}"]);
    expect(seen).toEqual([{ method: "POST", userAgent: "test/1", body: `refresh_token=${secret}` }]);
  });

  it.each([400, 401, 408, 413, 429, 500, 502, 503, 504, 521])("is not repeated after %i", async (status) => {
    let count = 0;
    const port = await httpServer((_, reply) => {
      count += 1;
      reply.writeHead(status, { "retry-after": "0" }).end("no");
    });
    for (const request of [post(port), { ...post(port), method: "GET" as const, body: null }]) {
      expect(response(await exchangeWith()(request))).toMatchObject({ status, text: "no" });
    }
    expect(count).toBe(2);
  });

  it.each([301, 302, 303, 307, 308])("does not follow a %i", async (status) => {
    let count = 0;
    const port = await httpServer((_, reply) => {
      count += 1;
      reply.writeHead(status, { location: "/elsewhere" }).end();
    });
    expect(response(await exchangeWith()(post(port))).status).toBe(status);
    expect(count).toBe(1);
  });

  it("reads gzip, and knows when it is broken", async () => {
    const whole = gzipSync('{"access_token":"t"}');
    const port = await httpServer((request, reply) => {
      const body = request.url === "/whole" ? whole : whole.subarray(0, -12);
      reply.writeHead(200, { "content-encoding": "gzip" }).end(body);
    });
    const exchange = exchangeWith();
    expect(response(await exchange({ ...post(port), url: `http://127.0.0.1:${port}/whole` })).text).toBe(
      '{"access_token":"t"}',
    );
    expect(failure(await exchange(post(port)))).toMatchObject({ sent: true, status: 200 });
  });

  it("keeps connections alive, and 400 in flight at once", async () => {
    let waiting: http.ServerResponse[] = [];
    let connections = 0;
    const server = http.createServer((_, reply) => {
      waiting.push(reply);
      if (waiting.length < 400) return;
      for (const one of waiting) one.end("ok");
      waiting = [];
    });
    server.on("connection", () => {
      connections += 1;
    });
    const port = await listen(server);
    const exchange = exchangeWith();
    for (let round = 0; round < 2; round += 1) {
      const answers = await Promise.all(Array.from({ length: 400 }, () => exchange(post(port))));
      expect(new Set(answers.map((answer) => response(answer).text))).toEqual(new Set(["ok"]));
    }
    expect(connections).toBe(400);
  });
});

describe("never written", () => {
  it("connection refused", async () => {
    const port = await listen(net.createServer());
    for (const one of opened.splice(0)) one.close();
    expect(failure(await exchangeWith()(post(port)))).toMatchObject({ sent: false, code: "ECONNREFUSED" });
  });

  it("no such name", async () => {
    const answer = failure(await exchangeWith()({ ...post(1), url: "http://no-such-host.invalid/token" }));
    expect(answer.sent).toBe(false);
    expect(answer.code).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });

  it.each(["::no url", "http://", "ftp://127.0.0.1/token"])("not a URL of ours: %s", async (url) => {
    expect(failure(await exchangeWith()({ ...post(1), url })).sent).toBe(false);
  });

  it("a header that cannot be written", async () => {
    const port = await httpServer((_, reply) => reply.end());
    const request = { ...post(port), headers: { authorization: `Bearer a\n${secret}` } };
    expect(failure(await exchangeWith()(request))).toMatchObject({ sent: false });
  });

  it("a signal that fired before", async () => {
    const port = await httpServer((_, reply) => reply.end());
    expect(failure(await exchangeWith()(post(port), { signal: AbortSignal.abort() })).sent).toBe(false);
  });
});

describe("TLS", () => {
  const { cert, key } = localhostCertificate;
  const tlsServer = async (handler: http.RequestListener) => listen(https.createServer({ cert, key }, handler));

  it("is verified, and nothing is sent to a stranger", async () => {
    let count = 0;
    const port = await tlsServer((_, reply) => {
      count += 1;
      reply.end("ok");
    });
    expect(failure(await exchangeWith()(post(port, "https")))).toEqual({
      kind: "failure",
      sent: false,
      code: "DEPTH_ZERO_SELF_SIGNED_CERT",
      status: null,
    });
    expect(count).toBe(0);
    expect(response(await exchangeWith({ ca: cert })(post(port, "https"))).text).toBe("ok");
  });

  it("wants the right name", async () => {
    const port = await tlsServer((_, reply) => reply.end("ok"));
    const request = { ...post(port, "https"), url: `https://127.0.0.2:${port}/token` };
    const server = net.createServer((socket) => {
      const upstream = net.connect(port, "127.0.0.1");
      socket.pipe(upstream).pipe(socket);
      upstream.on("error", () => socket.destroy());
    });
    server.listen(port, "127.0.0.2");
    await once(server, "listening");
    opened.push(server);
    const answer = failure(await exchangeWith({ ca: cert })(request));
    expect(answer).toMatchObject({ sent: false, code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });

  it.each<[string, (socket: net.Socket) => void]>([
    ["hangs", () => {}],
    ["closes", (socket) => socket.end()],
    ["is reset", (socket) => socket.resetAndDestroy()],
    ["is no TLS at all", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ])("nothing is sent when the handshake %s", async (_, act) => {
    const port = await listen(net.createServer((socket) => socket.once("data", () => act(socket))));
    expect(failure(await exchangeWith({ timeoutMs: 300 })(post(port, "https")))).toMatchObject({
      sent: false,
      status: null,
    });
  });

  it("is sent once the handshake is done, on a fresh connection and on a kept one", async () => {
    let count = 0;
    const port = await tlsServer((request, reply) => {
      count += 1;
      request.resume().on("end", () => (count === 2 ? reply.end("ok") : request.socket.destroy()));
    });
    const exchange = exchangeWith({ ca: cert });
    expect(failure(await exchange(post(port, "https")))).toMatchObject({ sent: true, status: null });
    expect(response(await exchange(post(port, "https"))).text).toBe("ok");
    expect(failure(await exchange(post(port, "https")))).toMatchObject({ sent: true, status: null });
  });
});

describe("sent, and no whole answer", () => {
  const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

  it.each<[string, (socket: net.Socket) => void, number | null]>([
    ["closed without an answer", (socket) => socket.end(), null],
    ["reset without an answer", (socket) => socket.resetAndDestroy(), null],
    ["cut in the head", (socket) => socket.end("HTTP/1.1 200 O"), null],
    ["no HTTP at all", (socket) => socket.end("SSH-2.0-OpenSSH_9\r\n"), null],
    ["cut in the body", (socket) => socket.end(`${head}content-length: 100\r\n\r\n{"access_token":"t"`), 200],
    ["cut in a chunk", (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\n20\r\n{"access_token"`), 200],
    [
      "reset in the body",
      (socket) =>
        socket.write(`${head}content-length: 100\r\n\r\n{`, () => setTimeout(() => socket.resetAndDestroy(), 50)),
      200,
    ],
    ["cut in a refusal", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 100\r\n\r\n{"), 400],
  ])("%s", async (_, act, status) => {
    const port = await rawServer(act);
    const answer = failure(await exchangeWith({ timeoutMs: 1000 })(post(port)));
    expect(answer).toMatchObject({ sent: true, status });
    expect(answer.code).not.toBe("ETIMEDOUT");
  });

  it("a kept connection that the server closed under the request", async () => {
    const port = await rawServer((socket, count) => {
      if (count === 2) socket.resetAndDestroy();
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
    const exchange = exchangeWith();
    expect(response(await exchange(post(port))).text).toBe("ok");
    expect(failure(await exchange(post(port)))).toMatchObject({ sent: true, status: null });
  });

  it("many resets are all taken for sent", async () => {
    const port = await rawServer((socket) => socket.resetAndDestroy());
    const exchange = exchangeWith();
    const answers = await Promise.all(Array.from({ length: 200 }, () => exchange(post(port))));
    expect(answers.filter((answer) => failure(answer).sent)).toHaveLength(200);
  });

  it("a signal that fires while the answer is awaited", async () => {
    const stop = new AbortController();
    const port = await rawServer(() => stop.abort());
    expect(failure(await exchangeWith()(post(port), { signal: stop.signal }))).toMatchObject({
      sent: true,
      status: null,
    });
  });
});

describe("the deadline is hard", () => {
  it.each<[string, (socket: net.Socket) => unknown, number | null]>([
    ["silence", () => {}, null],
    ["a trickled head", (socket) => trickle(socket, "HTTP/1.1 200 OK\r\nx: ", "y"), null],
    ["a trickled body", (socket) => trickle(socket, "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", " "), 200],
  ])("%s", async (_, act, status) => {
    const port = await rawServer(act);
    const startedAt = performance.now();
    const answer = failure(await exchangeWith({ timeoutMs: 400 })(post(port)));
    expect(answer).toMatchObject({ sent: true, code: "ETIMEDOUT", status });
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

describe("the body is limited", () => {
  const limit = 1024 * 1024;
  it.each<[string, http.RequestListener]>([
    ["by its stated length", (_, reply) => reply.end(Buffer.alloc(limit + 1))],
    ["in chunks without end", (_, reply) => endless(reply)],
    [
      "after decompression",
      (_, reply) => reply.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(200 * limit))),
    ],
  ])("%s", async (_, handler) => {
    const port = await httpServer(handler);
    const before = process.memoryUsage().rss;
    expect(failure(await exchangeWith()(post(port)))).toMatchObject({
      sent: true,
      code: "ERR_BODY_TOO_LARGE",
      status: 200,
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * limit);
  });

  it("and one of just the size comes whole", async () => {
    const port = await httpServer((_, reply) => reply.end(Buffer.alloc(limit)));
    expect(response(await exchangeWith()(post(port))).text).toHaveLength(limit);
  });
});

describe("private addresses", () => {
  it.each([
    "127.0.0.1",
    "localhost",
    "2130706433",
    "0x7f.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "169.254.169.254",
    "0.0.0.0",
  ])("%s is refused before anything is sent", async (host) => {
    let connections = 0;
    const server = http.createServer((_, reply) => reply.end("inside"));
    server.on("connection", () => {
      connections += 1;
    });
    const port = await listen(server);
    const exchange = exchangeWith({ allowPrivateAddresses: false });
    expect(failure(await exchange({ ...post(port), url: `http://${host}:${port}/token` }))).toMatchObject({
      sent: false,
      code: "ERR_PRIVATE_ADDRESS",
    });
    expect(connections).toBe(0);
  });
});

describe("a proxy", () => {
  const { cert, key } = localhostCertificate;

  it("is gone through, and what was sent through it counts as sent", async () => {
    let count = 0;
    const target = await listen(
      https.createServer({ cert, key }, (request, reply) => {
        count += 1;
        request.resume().on("end", () => (count === 1 ? reply.end("ok") : request.socket.destroy()));
      }),
    );
    const proxy = http.createServer();
    let tunnels = 0;
    proxy.on("connect", (_, socket: net.Socket) => {
      tunnels += 1;
      const upstream = net.connect(target, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(upstream).pipe(socket);
      });
      upstream.on("error", () => socket.destroy());
    });
    const proxyEnv = { HTTPS_PROXY: `http://127.0.0.1:${await listen(proxy)}` };
    const exchange = exchangeWith({ ca: cert, proxyEnv });
    expect(response(await exchange(post(target, "https"))).text).toBe("ok");
    expect(failure(await exchange(post(target, "https")))).toMatchObject({ sent: true });
    expect(failure(await exchange(post(target, "https")))).toMatchObject({ sent: true });
    expect(tunnels).toBeGreaterThanOrEqual(2);
    expect(failure(await exchangeWith({ proxyEnv })(post(target, "https")))).toMatchObject({
      sent: false,
      code: "DEPTH_ZERO_SELF_SIGNED_CERT",
    });
  });

  it("that refuses leaves the request unsent", async () => {
    const proxy = http.createServer();
    proxy.on("connect", (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
    const proxyEnv = { HTTPS_PROXY: `http://127.0.0.1:${await listen(proxy)}` };
    expect(failure(await exchangeWith({ proxyEnv })(post(1, "https")))).toMatchObject({ sent: false });
  });
});

function trickle(socket: net.Socket, start: string, drop: string): void {
  socket.write(start);
  const timer = setInterval(() => socket.write(drop), 20);
  socket.on("close", () => clearInterval(timer));
}

function endless(reply: http.ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024);
  const more = () => {
    while (!reply.destroyed && reply.write(chunk)) {}
  };
  reply.on("drain", more);
  more();
}
