import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createApi } from "@evertoken/api";
import { startDemoProvider } from "@evertoken/demo";
import { startHealthServer } from "@evertoken/operations";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createConnectRig } from "../support/connect-rig.ts";
import { onFileEnd, temporaryDirectory } from "../support/services.ts";
import { openRedis, startDashboard } from "./dashboard-harness.ts";

/** As in use, but shorter: what is too slow is closed within the sum of two of these. */
const connections = {
  ...{ connectionTimeout: 30_000, headersTimeout: 500, requestTimeout: 1000, keepAliveTimeout: 300 },
  ...{ mostConnections: 20, checkedEvery: 100 },
};
const soonMs = 10_000;

type Server = "api" | "dashboard" | "health" | "demo";
const ports = new Map<Server, number>();
const paths: Record<Server, string> = {
  ...{ api: "/healthz", dashboard: "/healthz", health: "/healthz" },
  demo: "/.well-known/openid-configuration",
};
/** Whoever may send a body without proving anything. */
const bodies: Record<Server, string> = {
  ...{ api: "/connect/callback/acme", dashboard: "/login", health: "/healthz", demo: "/token" },
};

beforeAll(async () => {
  const rig = await createConnectRig();
  const api = await createApi(rig.engine, { connections });
  const { app } = await startDashboard(await openRedis(), { engine: rig.engine, connections });
  const health = await startHealthServer({
    ...{ host: "127.0.0.1", port: 0, alive: () => true, ready: async () => [] as never, connections },
  });
  const demo = await startDemoProvider({
    ...{ port: 0, dataFile: join(await temporaryDirectory(), "demo.sqlite"), connections },
    ...{ clientId: "demo", clientSecret: "secret", redirectUris: ["https://app.example/"] },
  });
  onFileEnd(async () => Promise.all([api.close(), app.close(), health.close(), demo.stop()]));
  for (const [name, server] of [["api", api] as const, ["dashboard", app] as const]) {
    ports.set(name, Number(new URL(await server.listen({ host: "127.0.0.1", port: 0 })).port));
  }
  ports.set("health", health.port);
  ports.set("demo", Number(new URL(demo.issuer).port));
});

const sockets = new Set<Socket>();
afterAll(() => {
  for (const socket of sockets) socket.destroy();
});

async function open(server: Server): Promise<Socket> {
  const socket = connect(ports.get(server) as number, "127.0.0.1");
  sockets.add(socket);
  // What is closed while it still sends ends with an error.
  socket.on("error", () => {}).resume();
  await once(socket, "connect");
  return socket;
}

/** However: `once` would take a reset for a failure. @throws it stays open */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("close", () => resolve());
    AbortSignal.timeout(soonMs).addEventListener("abort", () => reject(new Error("it stays open")));
  });
}

/** A byte ten times a second, so that nothing is ever idle, for as long as it is let. @returns what it was answered */
async function trickle(server: Server, beginning: string, more = "a"): Promise<string> {
  const socket = await open(server);
  let answer = "";
  socket.on("data", (data) => {
    answer += data;
  });
  socket.write(beginning);
  const timer = setInterval(() => socket.write(more), 100);
  try {
    await closed(socket);
    return answer;
  } finally {
    clearInterval(timer);
  }
}

const good = (server: Server) =>
  fetch(`http://127.0.0.1:${ports.get(server)}${paths[server]}`, {
    ...{ headers: { connection: "close" }, signal: AbortSignal.timeout(soonMs) },
  });

describe.each(["api", "dashboard", "health", "demo"] as const)("%s", (server) => {
  const head = `GET ${paths[server]} HTTP/1.1\r\nhost: 127.0.0.1\r\n`;

  test("ends a head that trickles, a body that trickles, a connection that says nothing, and one that waits", async () => {
    const body = `POST ${bodies[server]} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 10000\r\n\r\na=`;
    await Promise.all([
      trickle(server, `${head}x-slow: `).then((answer) => expect(answer).not.toContain("200 OK")),
      trickle(server, body),
      trickle(server, `${head}\r\n`, "").then((answer) => expect(answer).toContain("200 OK")),
      trickle(server, "", ""),
    ]);
  });

  test("serves whoever asks while many more hold connections than there may be", async () => {
    const held = await Promise.all(Array.from({ length: 100 }, () => open(server)));
    for (const socket of held) socket.write(head);
    expect((await good(server)).status).toBe(200);
    await Promise.all(Array.from({ length: 30 }, () => open(server)));
    expect((await good(server)).status).toBe(200);
  });
});
