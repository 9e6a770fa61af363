import { createHmac } from "node:crypto";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { RedisClient } from "./redis.ts";

/** So many a time, for whoever it counts: a key, an address, a name. */
export interface Limit {
  readonly name: string;
  readonly most: number;
  readonly perSeconds: number;
}

/** @returns milliseconds until it is worth asking again; null: go on */
export interface Limiter {
  /** Counts one. */
  take(who: string): Promise<number | null>;
  /** Counts nothing. */
  look(who: string): Promise<number | null>;
}

export type Limits = (limit: Limit) => Limiter;

export interface LimitsOptions {
  /** Must say soon that it is away: requests wait for it. */
  readonly redis: RedisClient;
  readonly prefix: string;
  /** Keys in Redis are hashes with it: addresses and names are nobody's business there. */
  readonly secret: string;
}

/** Redis that failed is left alone for so long. */
const awayMs = 2000;

/** A large limit is taken from Redis in such parts, so that most requests ask nobody. It is held to within that. */
const parts = 100;

/**
 * Limits that all processes share. While Redis is away each counts for itself, from nothing: better held loosely than not at all, or than that
 * nobody is let in.
 */
export function createLimits({ redis, prefix, secret }: LimitsOptions): Limits {
  let awayUntil = 0;
  const hash = (name: string, who: string) =>
    createHmac("sha256", secret).update(`limit\n${name}\n${who}`).digest("base64url").slice(0, 22);

  return ({ name, most, perSeconds }) => {
    const counts = { points: most, duration: perSeconds };
    const local = new RateLimiterMemory({ ...counts, keyPrefix: name });
    const shared = new RateLimiterRedis({ ...counts, storeClient: redis, keyPrefix: `{${prefix}}:limit:${name}` });
    const asking = async (ask: (limiter: RateLimiterRedis | RateLimiterMemory) => Promise<RateLimiterRes | null>) => {
      if (redis.status === "ready" && Date.now() >= awayUntil) {
        try {
          return await ask(shared);
        } catch (refusal) {
          if (refusal instanceof RateLimiterRes) return refusal;
          awayUntil = Date.now() + awayMs;
        }
      }
      return ask(local).catch((refusal: RateLimiterRes) => refusal);
    };
    const waitOf = (state: RateLimiterRes | null, over: boolean) =>
      state !== null && over ? state.msBeforeNext : null;
    const part = Math.max(1, Math.floor(most / parts));
    const takePart = createParts(async (who) => {
      const state = (await asking((limiter) => limiter.consume(who, part))) as RateLimiterRes;
      const over = state.consumedPoints > most;
      return { left: over ? 0 : part, wait: over ? state.msBeforeNext : null, until: Date.now() + state.msBeforeNext };
    });
    return {
      take: (who) => takePart(hash(name, who)),
      async look(who) {
        const state = await asking((limiter) => limiter.get(hash(name, who)));
        return waitOf(state, (state?.consumedPoints ?? 0) >= most);
      },
    };
  };
}

interface Part {
  left: number;
  readonly wait: number | null;
  readonly until: number;
}

/** More than anybody counts at a time. */
const mostHeld = 10_000;

/** Spends a part one by one; of those that find none, one fetches the next and the others wait for it. */
function createParts(fetchPart: (who: string) => Promise<Part>): (who: string) => Promise<number | null> {
  const held = new Map<string, Part>();
  const fetching = new Map<string, Promise<Part>>();
  const next = (who: string): Promise<Part> => {
    const known = fetching.get(who);
    if (known !== undefined) return known;
    const coming = fetchPart(who).finally(() => fetching.delete(who));
    fetching.set(who, coming);
    return coming;
  };
  return async (who) => {
    for (;;) {
      const part = held.get(who);
      if (part !== undefined && part.left > 0 && Date.now() < part.until) {
        part.left--;
        return null;
      }
      const fetched = await next(who);
      if (fetched.wait !== null) return fetched.wait;
      if (held.size >= mostHeld) held.clear();
      held.set(who, fetched);
    }
  };
}
