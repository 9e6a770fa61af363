import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Engine } from "@evertoken/engine/internal";
import { EvertokenError, isUuid, withStore } from "@evertoken/engine/internal";

/** What a key may do. `connections:write` reads connections as well; `admin` may do everything. */
export const apiScopes = ["tokens:read", "connections:read", "connections:write", "admin"] as const;
export type ApiScope = (typeof apiScopes)[number];

/** A key as it may be shown: never the key, nor its hash. */
export interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  /** The first characters, to recognize it by. */
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

const shown = {
  ...{ id: true, name: true, prefix: true, scopes: true },
  ...{ createdAt: true, lastUsedAt: true, revokedAt: true },
} as const;

const keyPattern = /^evk_[\w-]{43}$/;
const prefixLength = 10;
const usedAgainAfterMs = 60_000;

/** A plain hash is enough: a key of 256 random bits cannot be guessed from it, however fast the hash. */
export function hashApiKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** @returns the key itself, which is shown this once and cannot be had again */
export async function createApiKey(
  { prisma }: Engine,
  { name, scopes }: { name: string; scopes: readonly ApiScope[] },
): Promise<{ key: string; view: ApiKeyView }> {
  const key = `evk_${randomBytes(32).toString("base64url")}`;
  const data = {
    ...{ id: randomUUID(), name, scopes: [...new Set(scopes)] },
    ...{ keyHash: hashApiKey(key), prefix: key.slice(0, prefixLength) },
  };
  return { key, view: await withStore(() => prisma.apiKey.create({ data, select: shown })) };
}

/** Newest first. */
export function listApiKeys({ prisma }: Engine): Promise<ApiKeyView[]> {
  return withStore(() => prisma.apiKey.findMany({ select: shown, orderBy: { createdAt: "desc" }, take: 1000 }));
}

/** For good; the row stays, since the audit log names it. @throws {EvertokenError} */
export async function revokeApiKey({ prisma }: Engine, id: string): Promise<ApiKeyView> {
  const where = { id, revokedAt: null };
  if (isUuid(id)) await withStore(() => prisma.apiKey.updateMany({ where, data: { revokedAt: new Date() } }));
  const found = isUuid(id) ? await withStore(() => prisma.apiKey.findUnique({ where: { id }, select: shown })) : null;
  if (found === null) throw new EvertokenError("not_found", `there is no API key ${id}`);
  return found;
}

/**
 * The key that was presented, unless it is unknown or revoked. It is looked up by its hash, so that how long the comparison takes
 * tells nothing about the key.
 */
export async function findApiKey(
  { prisma }: Engine,
  presented: string,
): Promise<{ id: string; scopes: readonly string[] } | null> {
  if (!keyPattern.test(presented)) return null;
  const keyHash = hashApiKey(presented);
  const select = { id: true, scopes: true, revokedAt: true, lastUsedAt: true } as const;
  const found = await withStore(() => prisma.apiKey.findUnique({ where: { keyHash }, select }));
  if (found === null || found.revokedAt !== null) return null;
  const now = new Date();
  if (found.lastUsedAt === null || now.getTime() - found.lastUsedAt.getTime() > usedAgainAfterMs) {
    await withStore(() => prisma.apiKey.updateMany({ where: { id: found.id }, data: { lastUsedAt: now } }));
  }
  return { id: found.id, scopes: found.scopes };
}
