import { setTimeout as sleep } from "node:timers/promises";
import type { Place } from "../crew.ts";
import type { Ground } from "../ground.ts";
import type { Users } from "../users.ts";

export interface Torment {
  readonly ground: Ground;
  readonly users: Users;
  /** Of this lane alone, so that its faults come in an order that the seed gives. */
  readonly random: () => number;
}

/** Leaves everything running again. */
export type Fault = (torment: Torment) => Promise<void>;

export type Faults = Readonly<Record<string, Fault>>;

export const pick = <T>(items: readonly T[], random: () => number): T =>
  items[Math.floor(random() * items.length)] as T;

/** Between the two, in ms. */
export const pauseBetween = (fromMs: number, toMs: number, random: () => number) =>
  sleep(fromMs + random() * (toMs - fromMs));

/** Those that present refresh tokens. */
export const refreshers: readonly Place[] = ["worker-1", "worker-2", "api", "caller"];
