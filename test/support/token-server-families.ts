import { randomBytes } from "node:crypto";

/**
 * - `strict`: a refresh token is good once. A spent one revokes its family (RFC 9700 section 4.14.2).
 * - `graceSeconds`: the token before the current one is answered again (same new refresh token) for so long after it was spent.
 * - `off`: the refresh token never changes.
 */
export type Rotation = "strict" | "off" | { graceSeconds: number };

export type Presented =
  | { outcome: "granted" | "replayed"; family: Family; accessToken: string; refreshToken: string; rotated: boolean }
  | { outcome: "reuse" | "denied"; family: Family | undefined };

export type Family = {
  id: string;
  secret: string;
  /** Which refresh token is the current one; all with a lower number are spent. */
  generation: number;
  spentAtMs: number;
  accessTokens: number;
  revoked: boolean;
  arrivals: number;
  inFlight: number;
  highestPresented: number;
};

export type Families = ReturnType<typeof createFamilies>;

/** Token families, each a line of descent of one grant. Tokens name their family, so a million of them need no index of tokens. */
export function createFamilies({ marker, now }: { marker: string; now: () => number }) {
  if (!/^[A-Za-z0-9_-]+$/.test(marker)) throw new Error("the marker may have letters, digits, _ and - only");
  const families = new Map<string, Family>();
  const invalidAccessTokens = new Set<string>();
  let revoked = 0;

  const refreshTokenOf = (family: Family) => `${marker}.rt.${family.id}.${family.generation}.${family.secret}`;

  function mintAccessToken(family: Family, lifetimeSeconds: number): string {
    family.accessTokens += 1;
    const expiresAt = Math.floor(now() / 1000) + lifetimeSeconds;
    return `${marker}.at.${family.id}.${family.accessTokens}.${expiresAt}.${family.secret}`;
  }

  function readRefreshToken(token: string): { family: Family; generation: number } | undefined {
    const [mark, kind, id = "", generation, secret, more] = token.split(".");
    const family = families.get(id);
    if (mark !== marker || kind !== "rt" || !family || secret !== family.secret || more !== undefined) return undefined;
    return { family, generation: Number(generation) };
  }

  function readAccessToken(token: string): { family: Family; expiresAtMs: number } | undefined {
    const [mark, kind, id = "", , expiresAt, secret, more] = token.split(".");
    const family = families.get(id);
    if (mark !== marker || kind !== "at" || !family || secret !== family.secret || more !== undefined) return undefined;
    return { family, expiresAtMs: Number(expiresAt) * 1000 };
  }

  function revoke(family: Family): void {
    if (!family.revoked) revoked += 1;
    family.revoked = true;
  }

  function grant(
    outcome: "granted" | "replayed",
    family: Family,
    lifetimeSeconds: number,
    rotated: boolean,
  ): Presented {
    const accessToken = mintAccessToken(family, lifetimeSeconds);
    return { outcome, family, accessToken, refreshToken: refreshTokenOf(family), rotated };
  }

  return {
    readRefreshToken,
    revoke,

    open(lifetimeSeconds: number): { family: Family; accessToken: string; refreshToken: string } {
      const family: Family = {
        id: `f${families.size + 1}`,
        secret: randomBytes(15).toString("base64url"),
        generation: 1,
        spentAtMs: 0,
        accessTokens: 0,
        revoked: false,
        arrivals: 0,
        inFlight: 0,
        highestPresented: 0,
      };
      families.set(family.id, family);
      return { family, accessToken: mintAccessToken(family, lifetimeSeconds), refreshToken: refreshTokenOf(family) };
    },

    get: (id: string): Family | undefined => families.get(id),

    /** Spends a refresh token, or says why not. One synchronous step, so that two requests can never both be granted. */
    present(token: string, rotation: Rotation, lifetimeSeconds: number): Presented {
      const read = readRefreshToken(token);
      if (!read || read.generation > read.family.generation) return { outcome: "denied", family: read?.family };
      const { family, generation } = read;
      if (generation < family.generation) {
        const graceMs = typeof rotation === "object" ? rotation.graceSeconds * 1000 : 0;
        const inGrace = generation === family.generation - 1 && now() - family.spentAtMs < graceMs;
        if (inGrace && !family.revoked) return grant("replayed", family, lifetimeSeconds, true);
        revoke(family);
        return { outcome: "reuse", family };
      }
      if (family.revoked) return { outcome: "denied", family };
      if (rotation === "off") return grant("granted", family, lifetimeSeconds, false);
      family.generation += 1;
      family.spentAtMs = now();
      return grant("granted", family, lifetimeSeconds, true);
    },

    identify(accessToken: string): Family | undefined {
      const read = readAccessToken(accessToken);
      if (!read || read.family.revoked || read.expiresAtMs <= now() || invalidAccessTokens.has(accessToken))
        return undefined;
      return read.family;
    },

    invalidate: (accessToken: string): void => void invalidAccessTokens.add(accessToken),

    revokeByToken(token: string): void {
      const family = (readRefreshToken(token) ?? readAccessToken(token))?.family;
      if (family) revoke(family);
    },

    count: () => ({ alive: families.size - revoked, revoked }),
  };
}
