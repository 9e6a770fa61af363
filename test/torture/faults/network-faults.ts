import type { TcpProxy } from "../../support/tcp-proxy.ts";
import { places } from "../crew.ts";
import { type Faults, pauseBetween, pick, type Torment } from "./fault.ts";

export const networkFaults: Faults = {
  async cutPostgres({ ground: { wires } }) {
    for (const { postgres } of wires.values()) postgres.cut();
  },
  async cutRedis({ ground: { wires } }) {
    for (const { redis } of wires.values()) redis.cut();
  },
  async cutProvider({ ground: { toProvider } }) {
    toProvider.cut();
  },
  halfOpenPostgres: (torment) => halfOpen(torment, oneWire(torment).postgres, 12_000),
  halfOpenRedis: (torment) => halfOpen(torment, oneWire(torment).redis, 12_000),
  halfOpenProvider: (torment) => halfOpen(torment, torment.ground.toProvider, 1500),
  async refuseProvider({ ground: { toProvider }, random }) {
    await toProvider.refuse();
    await pauseBetween(500, 3000, random);
    await toProvider.resume();
  },
};

/** One process is cut off, the others are not. */
const oneWire = ({ ground, random }: Torment) => {
  const wires = ground.wires.get(pick(places, random));
  if (wires === undefined) throw new Error("each place has its wires");
  return wires;
};

async function halfOpen({ random }: Torment, proxy: TcpProxy, longestMs: number): Promise<void> {
  const direction = pick(["toTarget", "toClient", undefined] as const, random);
  if (direction === undefined) proxy.swallow();
  else proxy.swallow(direction);
  await pauseBetween(500, longestMs, random);
  await proxy.resume();
}
