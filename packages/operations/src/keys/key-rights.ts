import type { Keyring } from "@evertoken/adapters";

/** What a key may do. `connections:write` reads connections as well; `admin` may do everything. */
export const apiScopes = ["tokens:read", "connections:read", "connections:write", "admin"] as const;
export type ApiScope = (typeof apiScopes)[number];

/** What a key may do, and with whose connections. */
export interface KeyRights {
  readonly scopes: readonly ApiScope[];
  /** null: of all providers. */
  readonly providers: readonly string[] | null;
  /** Beginnings of user ids; null: of all users. */
  readonly users: readonly string[] | null;
  /** null: until it is revoked. */
  readonly endsAt: Date | null;
  /** Nothing is changed with it, whatever its scopes say. */
  readonly readOnly: boolean;
}

export type KeyLimits = Omit<KeyRights, "scopes">;

export const noLimits: KeyLimits = { providers: null, users: null, endsAt: null, readOnly: false };

/** Whether it may ask only for some users or providers. */
export const isNarrow = ({ providers, users }: KeyRights) => providers !== null || users !== null;

export const isLimited = (rights: KeyRights) => isNarrow(rights) || rights.endsAt !== null || rights.readOnly;

const place = (id: string) => `api_keys/${id}/rights`;

interface SealedRights extends KeyRights {
  /** A row that SQL gives its life back stays revoked. */
  readonly revoked: boolean;
}

/** The hash goes in as well: else the rights of one key could be had with the hash of another. */
export function sealRights(keyring: Keyring, id: string, keyHash: string, rights: KeyRights, revoked = false): string {
  return keyring.sealText(JSON.stringify({ ...rights, keyHash, revoked }), place(id));
}

/** @returns null: nobody who holds the ring has written this row */
export function openRights(
  keyring: Keyring,
  { id, keyHash, rights }: { id: string; keyHash: string; rights: string | null },
): SealedRights | null {
  if (rights === null) return null;
  try {
    const { keyHash: sealed, endsAt, ...rest } = JSON.parse(keyring.openText(rights, place(id)));
    return sealed === keyHash ? { ...rest, endsAt: endsAt === null ? null : new Date(endsAt) } : null;
  } catch {
    return null;
  }
}
