import { Worker } from "node:worker_threads";
import type { RawAnswer } from "@evertoken/core";
import { createExchange, type Exchange, type HttpRequest, tooLate } from "@evertoken/providers";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { localhostCertificate } from "./localhost-certificate.ts";

/** A server with an event loop of its own: it goes on while this thread stands still. Counts requests, answers after a moment. */
const serverCode = `
const { parentPort, workerData } = require("node:worker_threads");
let requests = 0;
const handle = (request, reply) => {
  let body = "";
  request.on("data", (chunk) => { body += chunk; });
  request.on("end", () => {
    requests += 1;
    setTimeout(() => reply.end(JSON.stringify({ requests, filler: "x".repeat(Number(body.split("=")[1])) })), 50);
  });
};
const servers = [require("node:http").createServer(handle), require("node:https").createServer(workerData, handle)];
Promise.all(servers.map((server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)))))
  .then((ports) => parentPort.postMessage(ports));
parentPort.on("message", () => parentPort.postMessage(requests));
`;

let server: Worker;
let ports: Record<"http" | "https", number>;
const exchanges: Exchange[] = [];
const said = <T>() => new Promise<T>((resolve) => server.once("message", resolve));

beforeAll(async () => {
  server = new Worker(serverCode, { eval: true, workerData: localhostCertificate });
  const [http, https] = await said<[number, number]>();
  ports = { http, https };
});
afterEach(() => {
  for (const exchange of exchanges.splice(0)) exchange.close();
});
afterAll(() => server.terminate());

const schemes = ["http", "https"] as const;
const timeoutMs = 300;

function open(): Exchange {
  const exchange = createExchange({ allowPrivateAddresses: true, timeoutMs, ca: localhostCertificate.cert });
  exchanges.push(exchange);
  return exchange;
}

const post = (scheme: "http" | "https", answerBytes = 1): HttpRequest => ({
  ...{ method: "POST", url: `${scheme}://localhost:${ports[scheme]}/token` },
  ...{ headers: { "content-type": "application/x-www-form-urlencoded" }, body: `filler=${answerBytes}` },
});

const requests = async () => {
  const answer = said<number>();
  server.postMessage("count");
  return answer;
};

/** As a paused container or a suspended host does: nothing of this thread runs, and all of its timers are over when it goes on. */
const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const turn = () => new Promise((resolve) => setImmediate(resolve));
const status = (answer: RawAnswer) => (answer.kind === "response" ? answer.status : answer.code);

describe.each(schemes)("%s: a deadline that fires because the process stood still", (scheme) => {
  test.each([
    ["in one piece", 1],
    ["of many pieces", 900_000],
  ])("does not cost an answer that lies in the socket, %s", async (_, bytes) => {
    const exchange = open();
    await exchange(post(scheme)); // opens the connection
    const before = await requests();
    const asking = exchange(post(scheme, bytes));
    await turn();
    await turn();
    standStill(4 * timeoutMs);
    expect(status(await asking)).toBe(200);
    expect(await requests()).toBe(before + 1);
  });
});

const limits = {
  both: (ms: number) => ({ wallMs: Date.now() + ms, monotonicMs: performance.now() + ms }),
  "the wall clock (the host was suspended)": (ms: number) => ({ wallMs: Date.now() + ms, monotonicMs: Infinity }),
  "the monotonic clock (the other one was set back)": (ms: number) => ({
    ...{ wallMs: Number.POSITIVE_INFINITY, monotonicMs: performance.now() + ms },
  }),
};

describe.each(schemes)("%s: a request whose time has passed by", (scheme) => {
  test.each(Object.entries(limits))("%s is not sent on a new connection", async (_, limit) => {
    const before = await requests();
    const asking = open()(post(scheme), { sendBy: limit(100) });
    standStill(150);
    expect(await asking).toEqual({ kind: "failure", sent: false, code: tooLate, status: null });
    expect(await requests()).toBe(before);
  });

  test("is not sent on a kept connection, and the next one is", async () => {
    const exchange = open();
    await exchange(post(scheme));
    const before = await requests();
    const asking = exchange(post(scheme), { sendBy: limits.both(20) });
    standStill(50);
    expect(await asking).toEqual({ kind: "failure", sent: false, code: tooLate, status: null });
    expect(await requests()).toBe(before);
    expect(status(await exchange(post(scheme), { sendBy: limits.both(1000) }))).toBe(200);
  });
});
