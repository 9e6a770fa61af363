import type { AccessToken } from "./contract/token.ts";

interface Kept {
  readonly token: AccessToken;
  /** By this machine's clock, in ms, as all here: the token's due time, and its end. */
  readonly keepUntil: number;
  readonly endsAt: number;
  readonly checkAt: number;
}

interface Found {
  readonly token: AccessToken;
  /** false: the server is to be asked whether it still stands. */
  readonly current: boolean;
}

export interface TokenCache {
  find(key: string, minTtlMs: number): Found | null;
  /** Counts drops: what was asked for before one is not kept after it. */
  mark(): number;
  keep(
    key: string,
    token: AccessToken,
    lives: { readonly refreshInMs: number; readonly endsInMs: number; readonly askedAt: number; readonly mark: number },
  ): void;
  /** Ask the server again only in a while. */
  postpone(key: string, ms: number): void;
  /** Those of a connection, up to a generation. */
  drop(connectionId: string, generation?: number): void;
  clear(): void;
}

/**
 * Tokens until their margin, and no longer: from then on a refresh is due, and the server knows the newer one. By differences of this
 * machine's clock, which may be wrong. What was not used for longest makes room.
 */
export function createTokenCache(most: number, recheckMs: number, now: () => number): TokenCache {
  const kept = new Map<string, Kept>();
  let drops = 0;
  return {
    find(key, minTtlMs) {
      const found = kept.get(key);
      if (found === undefined) return null;
      const time = now();
      if (time >= found.keepUntil) {
        kept.delete(key);
        return null;
      }
      if (found.endsAt - time <= minTtlMs) return null;
      kept.delete(key);
      kept.set(key, found);
      return { token: found.token, current: time < found.checkAt };
    },
    mark: () => drops,
    keep(key, token, { refreshInMs, endsInMs, askedAt, mark }) {
      if (mark !== drops || most < 1 || refreshInMs <= 0) return;
      kept.delete(key);
      const oldest = kept.size >= most ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      const [keepUntil, endsAt] = [askedAt + refreshInMs, askedAt + endsInMs];
      kept.set(key, { token, keepUntil, endsAt, checkAt: askedAt + recheckMs });
    },
    postpone(key, ms) {
      const found = kept.get(key);
      if (found !== undefined) kept.set(key, { ...found, checkAt: now() + ms });
    },
    drop(connectionId, generation = Number.POSITIVE_INFINITY) {
      drops++;
      for (const [key, { token }] of kept) {
        if (token.connectionId === connectionId && token.generation <= generation) kept.delete(key);
      }
    },
    clear: () => kept.clear(),
  };
}
