import type { Keyring } from "@evertoken/adapters";

/** Whoever has the key ring. */
type Holder = { readonly keyring: Keyring };

/** A value that goes through a browser and comes back unread and unchanged, in this time, or not at all. @param purpose what it is good for */
export function sealFor({ keyring }: Holder, purpose: string, value: object, ttlMs: number): string {
  return keyring.sealText(JSON.stringify({ value, expiresAt: Date.now() + ttlMs }), purpose);
}

/** @returns null: it is none of ours, for another purpose, or too old */
export function openFor<T>({ keyring }: Holder, purpose: string, token: string | undefined): T | null {
  try {
    const { value, expiresAt } = JSON.parse(keyring.openText(token ?? "", purpose)) as { value: T; expiresAt: number };
    return Date.now() < expiresAt ? value : null;
  } catch {
    return null;
  }
}
