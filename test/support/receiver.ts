import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onFileEnd } from "./services.ts";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: number;
}

/** How a receiver answers: a status, perhaps with headers, or not at all until told otherwise. */
export type Reply = { readonly status: number; readonly headers?: Record<string, string> } | "silence";

/** A real receiver of webhooks. */
export interface Receiver {
  readonly url: string;
  /** Every request so far, in the order of arrival. */
  readonly received: Received[];
  /** For all requests from now on. */
  reply(reply: Reply | ((request: Received) => Reply)): void;
  /** Refuses connections until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let reply: (request: Received) => Reply = () => ({ status: 204 });
  let port = 0;
  const start = () => {
    const server = createServer(async (request, response) => {
      const arrived = { headers: request.headers, body: await text(request), at: Date.now() };
      received.push(arrived);
      const answer = reply(arrived);
      if (answer !== "silence") response.writeHead(answer.status, answer.headers).end("an answer's body");
    });
    server.keepAliveTimeout = 0;
    return new Promise<typeof server>((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
  };
  let server = await start();
  port = (server.address() as AddressInfo).port;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onFileEnd(stop);
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    reply(next) {
      reply = typeof next === "function" ? next : () => next;
    },
    down: stop,
    async up() {
      server = await start();
    },
  };
}
