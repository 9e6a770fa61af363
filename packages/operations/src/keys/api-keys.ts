import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Keyring } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { EvertokenError, isUuid, withStore } from "@evertoken/engine/internal";
import { isLimited, type KeyRights, openRights, sealRights } from "./key-rights.ts";

/** A key as it may be shown: never the key, nor its hash. */
export interface ApiKeyView extends KeyRights {
  readonly id: string;
  readonly name: string;
  /** The first characters, to recognize it by. */
  readonly prefix: string;
  /** false: its row was written past Evertoken, or by the version before; it permits nothing. */
  readonly sealed: boolean;
  readonly createdAt: Date;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

const columns = {
  ...{ id: true, name: true, prefix: true, keyHash: true, rights: true },
  ...{ createdAt: true, lastUsedAt: true, revokedAt: true },
} as const;

interface Row {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly keyHash: string;
  readonly rights: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

const nothing: KeyRights = { scopes: [], providers: [], users: [], endsAt: null, readOnly: true };

function view(keyring: Keyring, row: Row): ApiKeyView {
  const { id, name, prefix, createdAt, lastUsedAt, revokedAt } = row;
  const opened = openRights(keyring, row);
  const { scopes, providers, users, endsAt, readOnly } = opened ?? nothing;
  return {
    ...{ id, name, prefix, scopes, providers, users, endsAt, readOnly, sealed: opened !== null },
    ...{ createdAt, lastUsedAt, revokedAt },
  };
}

const keyPattern = /^evk_[\w-]{43}$/;
const prefixLength = 10;
const usedAgainAfterMs = 60_000;

/** A plain hash finds the row: a key of 256 random bits cannot be guessed from it. What the row permits is sealed. */
export function hashApiKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** @returns the key itself, which is shown this once and cannot be had again */
export async function createApiKey(
  { prisma, keyring, checkKeys }: Engine,
  { name, ...given }: { name: string } & KeyRights,
): Promise<{ key: string; view: ApiKeyView }> {
  await withStore(checkKeys);
  const key = `evk_${randomBytes(32).toString("base64url")}`;
  const [id, keyHash] = [randomUUID(), hashApiKey(key)];
  const rights = { ...given, scopes: [...new Set(given.scopes)] };
  const data = {
    ...{ id, name, keyHash, prefix: key.slice(0, prefixLength) },
    rights: sealRights(keyring, id, keyHash, rights),
    // Processes of the version before read this column alone: what they would not keep to they do not permit.
    scopes: isLimited(rights) ? [] : rights.scopes,
  };
  const row = await withStore(() => prisma.apiKey.create({ data, select: columns }));
  return { key, view: view(keyring, row) };
}

/** Newest first. */
export async function listApiKeys({ prisma, keyring, checkKeys }: Engine): Promise<ApiKeyView[]> {
  await withStore(checkKeys);
  const order = { orderBy: { createdAt: "desc" }, take: 1000 } as const;
  const rows = await withStore(() => prisma.apiKey.findMany({ select: columns, ...order }));
  return rows.map((row) => view(keyring, row));
}

/** For good; the row stays, since the audit log names it. @throws {EvertokenError} */
export async function revokeApiKey({ prisma, keyring, checkKeys }: Engine, id: string): Promise<ApiKeyView> {
  await withStore(checkKeys);
  const found = isUuid(id) ? await withStore(() => prisma.apiKey.findUnique({ where: { id }, select: columns })) : null;
  if (found === null) throw new EvertokenError("not_found", `there is no API key ${id}`);
  if (found.revokedAt !== null) return view(keyring, found);
  const opened = openRights(keyring, found);
  const rights = opened === null ? null : sealRights(keyring, id, found.keyHash, opened, true);
  const data = { revokedAt: new Date(), rights };
  return view(keyring, await withStore(() => prisma.apiKey.update({ where: { id }, data, select: columns })));
}

export type FoundKey =
  | { readonly kind: "good"; readonly id: string; readonly rights: KeyRights }
  /** Its row is not sealed, so nobody knows whether it is ours. */
  | { readonly kind: "unsealed"; readonly id: string }
  | { readonly kind: "unknown" };

/**
 * The key that was presented, unless it is unknown or revoked. It is looked up by its hash, so that how long the comparison takes
 * tells nothing about the key.
 */
export async function findApiKey({ prisma, keyring, checkKeys }: Engine, presented: string): Promise<FoundKey> {
  if (!keyPattern.test(presented)) return { kind: "unknown" };
  await withStore(checkKeys);
  const keyHash = hashApiKey(presented);
  const found = await withStore(() => prisma.apiKey.findUnique({ where: { keyHash }, select: columns }));
  if (found === null || found.revokedAt !== null) return { kind: "unknown" };
  const { id, lastUsedAt } = found;
  const rights = openRights(keyring, found);
  if (rights === null) return { kind: "unsealed", id };
  if (rights.revoked) return { kind: "unknown" };
  const now = new Date();
  if (lastUsedAt === null || now.getTime() - lastUsedAt.getTime() > usedAgainAfterMs) {
    await withStore(() => prisma.apiKey.updateMany({ where: { id }, data: { lastUsedAt: now } }));
  }
  return { kind: "good", id, rights };
}
