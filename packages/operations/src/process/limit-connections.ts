import type { Server } from "node:http";
import type { Socket } from "node:net";

export interface ConnectionLimits {
  /** Without a byte in either direction. The longest answer is a refresh that somebody waits for. */
  readonly connectionTimeout: number;
  /** From the connection, or the last answer, to the end of a request's head. */
  readonly headersTimeout: number;
  /** To the end of its body. */
  readonly requestTimeout: number;
  /** Waiting for a next request. */
  readonly keepAliveTimeout: number;
  /** With more, the connection without a request that has waited longest is closed. */
  readonly mostConnections: number;
  /** How often requests that are too slow are looked for: Node's 30 s would come on top of each time. */
  readonly checkedEvery: number;
}

/** What one connection may hold of a server: none that says nothing, sends its head or its body slowly, or waits long for a next request. */
export const connectionLimits: ConnectionLimits = {
  connectionTimeout: 120_000,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 20_000,
  mostConnections: 5000,
  checkedEvery: 5000,
};

/** Probes and scrapes come every few seconds and say at once what they want. */
export const probeLimits: ConnectionLimits = {
  connectionTimeout: 15_000,
  headersTimeout: 5000,
  requestTimeout: 5000,
  keepAliveTimeout: 5000,
  mostConnections: 100,
  checkedEvery: 1000,
};

/** What has to be said when a server is created; the rest by {@link limitConnections}, since frameworks set times of their own. */
export const serverOptions = ({ checkedEvery }: ConnectionLimits) => ({ connectionsCheckingInterval: checkedEvery });

export function limitConnections(server: Server, limits: ConnectionLimits): void {
  server.timeout = limits.connectionTimeout;
  server.headersTimeout = Math.min(limits.headersTimeout, limits.requestTimeout);
  server.requestTimeout = limits.requestTimeout;
  server.keepAliveTimeout = limits.keepAliveTimeout;
  makeRoom(server, limits.mostConnections);
}

/**
 * Refusing whoever comes when all places are taken would let those that say nothing keep everybody out. Whoever has something to ask says
 * it at once, so that the one who has been silent for longest gives way.
 */
function makeRoom(server: Server, mostConnections: number): void {
  let open = 0;
  const silent = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open += 1;
    silent.add(socket);
    socket.once("close", () => {
      open -= 1;
      silent.delete(socket);
    });
    const [longest] = silent;
    if (open > mostConnections) longest?.destroy();
  });
  server.on("request", ({ socket }, response) => {
    silent.delete(socket);
    response.once("close", () => {
      if (!socket.destroyed) silent.add(socket);
    });
  });
}
