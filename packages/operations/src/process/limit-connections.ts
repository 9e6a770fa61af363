import type { Server } from "node:http";

/**
 * What one connection may hold of a server: none that says nothing, sends its head or its body slowly, or waits long for a next request. The
 * longest answer is a refresh that somebody waits for.
 */
export const connectionLimits = {
  connectionTimeout: 120_000,
  keepAliveTimeout: 20_000,
  requestTimeout: 60_000,
} as const;

const headersTimeout = 10_000;

/** More are closed as soon as they come, so that those that are open are served. */
const mostConnections = 5000;

export function limitConnections(server: Server): void {
  server.timeout = connectionLimits.connectionTimeout;
  server.keepAliveTimeout = connectionLimits.keepAliveTimeout;
  server.requestTimeout = connectionLimits.requestTimeout;
  server.headersTimeout = headersTimeout;
  server.maxConnections = mostConnections;
}
