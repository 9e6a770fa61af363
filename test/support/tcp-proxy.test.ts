import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { startTcpProxy } from "./tcp-proxy.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that sends everything back, and remembers it. */
async function setup() {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const echo = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      received.push(data.toString());
      socket.write(data);
    });
  });
  await once(echo.listen(0, "127.0.0.1"), "listening");
  const proxy = await startTcpProxy({ targetPort: (echo.address() as AddressInfo).port });
  cleanups.push(
    () => echo.close(),
    () => {
      for (const socket of sockets) socket.destroy();
    },
    proxy.stop,
  );
  const dial = async () => {
    const socket = connect(proxy.port, proxy.host);
    socket.on("error", () => {});
    cleanups.push(() => socket.destroy());
    await once(socket, "connect");
    return socket;
  };
  return { proxy, received, dial };
}

async function answerOf(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [data] = await once(socket, "data");
  return String(data);
}

test("it passes bytes and ends both ways", async () => {
  const { proxy, dial } = await setup();
  const socket = await dial();
  expect(await answerOf(socket, "hello")).toBe("hello");
  expect(proxy.connections()).toBe(1);
  socket.end();
  await once(socket, "close");
  await expect.poll(proxy.connections).toBe(0);
});

test("cut resets what stands and takes new connections", async () => {
  const { proxy, dial } = await setup();
  const socket = await dial();
  await answerOf(socket, "a");
  proxy.cut();
  expect((await once(socket, "error"))[0]).toMatchObject({ code: "ECONNRESET" });
  expect(await answerOf(await dial(), "b")).toBe("b");
});

test("refuse turns new connections away and leaves standing ones, until resumed on the same port", async () => {
  const { proxy, dial } = await setup();
  const standing = await dial();
  await answerOf(standing, "a");
  await proxy.refuse();
  await expect(dial()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  expect(await answerOf(standing, "b")).toBe("b");
  await proxy.resume();
  expect(await answerOf(await dial(), "c")).toBe("c");
  expect(await answerOf(standing, "d")).toBe("d");
});

test("swallowed in both directions, nothing arrives though all stays connected; resume resets the torn stream", async () => {
  const { proxy, received, dial } = await setup();
  const [torn, quiet] = [await dial(), await dial()];
  await answerOf(quiet, "before");
  proxy.swallow();
  torn.write("lost");
  const fresh = await dial();
  fresh.write("lost too");
  await expect(once(torn, "data", { signal: AbortSignal.timeout(50) })).rejects.toThrow("aborted");
  expect(received).toEqual(["before"]);
  expect([torn.destroyed, fresh.destroyed]).toEqual([false, false]);
  const reset = once(torn, "error");
  await proxy.resume();
  expect((await reset)[0]).toMatchObject({ code: "ECONNRESET" });
  expect(await answerOf(quiet, "after")).toBe("after");
});

test("swallowed towards the client, the request is done and its answer is lost", async () => {
  const { proxy, received, dial } = await setup();
  const socket = await dial();
  proxy.swallow("toClient");
  socket.write("spent");
  await expect.poll(() => received).toEqual(["spent"]);
  await expect(once(socket, "data", { signal: AbortSignal.timeout(50) })).rejects.toThrow("aborted");
});

test("delayed pieces come later and in order, also when the delay ends meanwhile", async () => {
  const { proxy, received, dial } = await setup();
  const socket = await dial();
  await answerOf(socket, "0");
  proxy.delay(60);
  const begun = performance.now();
  socket.write("1");
  await expect.poll(() => received.length, { interval: 5 }).toBe(2);
  expect(performance.now() - begun).toBeGreaterThan(50);
  socket.write("2");
  await new Promise((resolve) => setImmediate(resolve));
  proxy.delay(0);
  socket.write("3");
  await expect.poll(() => received.join("")).toBe("0123");
});

test("intercept cuts at the very bytes that the test waits for", async () => {
  const { proxy, received, dial } = await setup();
  proxy.intercept((direction, data) => (direction === "toTarget" && data.includes("COMMIT") ? "cut" : "pass"));
  const socket = await dial();
  expect(await answerOf(socket, "BEGIN")).toBe("BEGIN");
  const reset = once(socket, "error");
  socket.write("COMMIT");
  await reset;
  expect(received).toEqual(["BEGIN"]);
  proxy.intercept(undefined);
  expect(await answerOf(await dial(), "COMMIT")).toBe("COMMIT");
});
