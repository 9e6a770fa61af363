import type { Server } from "node:http";

interface ConnectionLimits {
  readonly connectionTimeout: number;
  readonly keepAliveTimeout: number;
  readonly requestTimeout: number;
  /** More are closed as soon as they come, so that those that are open are served. */
  readonly mostConnections: number;
}

/**
 * What one connection may hold of a server: none that says nothing, sends its head or its body slowly, or waits long for a next request. The
 * longest answer is a refresh that somebody waits for.
 */
const connectionLimits: ConnectionLimits = {
  connectionTimeout: 120_000,
  keepAliveTimeout: 20_000,
  requestTimeout: 60_000,
  mostConnections: 5000,
};

/** Probes and scrapes come every few seconds and say at once what they want. */
export const probeLimits: ConnectionLimits = {
  connectionTimeout: 15_000,
  keepAliveTimeout: 5000,
  requestTimeout: 5000,
  mostConnections: 100,
};

const headersTimeout = 10_000;

export function limitConnections(server: Server, limits = connectionLimits): void {
  server.timeout = limits.connectionTimeout;
  server.keepAliveTimeout = limits.keepAliveTimeout;
  server.requestTimeout = limits.requestTimeout;
  server.headersTimeout = Math.min(headersTimeout, limits.requestTimeout);
  server.maxConnections = limits.mostConnections;
}
