import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type ConnectionLimits, limitConnections, probeLimits, serverOptions } from "./limit-connections.ts";
import { type ReadyChecks, readiness } from "./readiness.ts";

export interface HealthServerDeps {
  readonly host: string;
  /** 0 takes any free port; the answer says which. */
  readonly port: number;
  /** False when only a restart would help; a supervisor acts on it. */
  readonly alive: () => boolean;
  readonly ready: ReadyChecks;
  /** How long the checks may take, 3 s when not given. */
  readonly readyDeadlineMs?: number;
  /** The Prometheus text of this process. */
  readonly metrics?: () => Promise<string>;
  readonly connections?: ConnectionLimits;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

const json = (status: number, value: unknown): Answer => ({
  status,
  body: JSON.stringify(value),
  type: "application/json",
});

async function answerFor(path: string, deps: HealthServerDeps): Promise<Answer> {
  if (path === "/healthz") return deps.alive() ? json(200, { alive: true }) : json(503, { alive: false });
  if (path === "/readyz") {
    const answer = await readiness(deps.ready, deps.readyDeadlineMs);
    return json(answer.ready ? 200 : 503, answer);
  }
  if (path === "/metrics" && deps.metrics) {
    return { status: 200, body: await deps.metrics(), type: "text/plain; version=0.0.4; charset=utf-8" };
  }
  return json(404, { error: "not_found" });
}

function send(response: ServerResponse, { status, body, type }: Answer, withBody: boolean): void {
  response.writeHead(status, {
    "content-type": type ?? "text/plain",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(withBody ? body : undefined);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/**
 * Health and metrics for a process that serves nothing else (worker, scheduler): `/healthz`, `/readyz`, `/metrics`.
 * Rejects when the port cannot be had. What a check throws is never shown, since it may quote a connection URL.
 */
export async function startHealthServer(deps: HealthServerDeps): Promise<HealthServer> {
  const { connections = probeLimits } = deps;
  const server = createServer({ maxHeaderSize: 8192, ...serverOptions(connections) }, (request, response) => {
    request.resume();
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      send(response, json(405, { error: "method_not_allowed" }), true);
      return;
    }
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    answerFor(path, deps)
      .catch(() => json(500, { error: "failed" }))
      .then((answer) => send(response, answer, request.method === "GET"));
  });
  limitConnections(server, connections);
  await listen(server, deps.host, deps.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
