import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** `toTarget`: what the engine sends; `toClient`: what it is answered. */
export type Direction = "toTarget" | "toClient";
export type Verdict = "pass" | "swallow" | "cut";

export type TcpProxy = {
  host: string;
  port: number;
  /** Open pairs of connections. */
  connections(): number;
  /** Resets all connections; new ones are taken as before. */
  cut(): void;
  /** Closes the listener, so that new connections are refused by the kernel; those that stand go on unless `cut` too. */
  refuse(): Promise<void>;
  /** Half-open: everything stays connected and new connections are taken, but bytes vanish, an end (FIN) too. */
  swallow(direction?: Direction): void;
  /** Each piece of data comes so much later, in its order. */
  delay(ms: number): void;
  /** Judges each piece of data, for example to cut at the very COMMIT; undefined stops judging. */
  intercept(judge: ((direction: Direction, data: Buffer) => Verdict) | undefined): void;
  /** Where new connections lead from now on; those that stand stay where they are, as behind a name that has moved. */
  retarget(port: number): void;
  /** Healthy again. Connections that lost bytes are reset, since their streams no longer make sense. */
  resume(): Promise<void>;
  stop(): Promise<void>;
};

export type TcpProxyOptions = { targetPort: number; targetHost?: string; port?: number };

type Pair = { client: Socket; target: Socket; lostBytes: boolean };

const host = "127.0.0.1";

/** A TCP proxy in this process, between the engine and Redis, Postgres or a token server, that behaves like a bad network when told to. */
export async function startTcpProxy({ targetPort, targetHost = host, port = 0 }: TcpProxyOptions): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let leadsTo = targetPort;
  let swallowing = new Set<Direction>();
  let delayMs = 0;
  let judge: ((direction: Direction, data: Buffer) => Verdict) | undefined;

  function destroy(pair: Pair): void {
    pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.target.resetAndDestroy();
  }

  function verdictOf(direction: Direction, data: Buffer): Verdict {
    return swallowing.has(direction) ? "swallow" : (judge?.(direction, data) ?? "pass");
  }

  function pipe(pair: Pair, direction: Direction): void {
    const [from, to] = direction === "toTarget" ? [pair.client, pair.target] : [pair.target, pair.client];
    // One chain per direction keeps the order even while the delay changes.
    let chain: Promise<void> | undefined;
    const inOrder = (act: () => void) => {
      if (delayMs === 0 && !chain) return act();
      const dueAt = performance.now() + delayMs;
      const link = (chain ?? Promise.resolve())
        .then(() => new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAt - performance.now()))))
        .then(() => {
          if (chain === link) chain = undefined;
          act();
        });
      chain = link;
    };
    from.on("data", (data: Buffer) => {
      const verdict = verdictOf(direction, data);
      if (verdict === "cut") return destroy(pair);
      if (verdict === "swallow") {
        pair.lostBytes = true;
        return;
      }
      inOrder(() => {
        if (to.destroyed || to.write(data)) return;
        from.pause();
        to.once("drain", () => from.resume());
      });
    });
    from.on("end", () => {
      if (swallowing.has(direction)) pair.lostBytes = true;
      else inOrder(() => to.end());
    });
    from.on("error", () => {
      if (!swallowing.has(direction)) destroy(pair);
    });
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const target = connect({ host: targetHost, port: leadsTo, allowHalfOpen: true, noDelay: true });
    const pair: Pair = { client, target, lostBytes: false };
    pairs.add(pair);
    const forget = () => {
      if (client.destroyed && target.destroyed) pairs.delete(pair);
    };
    client.once("close", forget);
    target.once("close", forget);
    pipe(pair, "toTarget");
    pipe(pair, "toClient");
  });

  const listen = (wanted: number) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(wanted, host, () => {
        server.off("error", reject);
        resolve();
      });
    });

  // server.close() waits for standing connections before it calls back, but refuses new ones at once.
  const closeListener = () => {
    if (server.listening) server.close();
  };

  await listen(port);
  const listeningPort = (server.address() as AddressInfo).port;

  return {
    host,
    port: listeningPort,
    connections: () => pairs.size,
    cut() {
      for (const pair of [...pairs]) destroy(pair);
    },
    async refuse() {
      closeListener();
    },
    swallow(direction) {
      swallowing = new Set(direction === undefined ? ["toTarget", "toClient"] : [direction]);
    },
    delay(ms) {
      delayMs = ms;
    },
    intercept(next) {
      judge = next;
    },
    retarget(port) {
      leadsTo = port;
    },
    async resume() {
      swallowing = new Set();
      delayMs = 0;
      judge = undefined;
      for (const pair of [...pairs]) if (pair.lostBytes) destroy(pair);
      if (!server.listening) await listen(listeningPort);
    },
    async stop() {
      closeListener();
      for (const pair of [...pairs]) destroy(pair);
    },
  };
}
