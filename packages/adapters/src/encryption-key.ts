import { createHash, createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto";

/** A key of the ring. Its id is the beginning of its SHA-256: no name to invent, and a wrong key is known by sight. */
export interface EncryptionKey {
  readonly id: string;
  /** Imported once: a key given as bytes is imported anew by each call, which costs four times the decryption. */
  readonly secret: KeyObject;
  /** Derived: one key is not used for two purposes. */
  readonly marking: KeyObject;
  /** What is sealed from now on: the salt that names the derived key, and that key. */
  sealing(): { readonly salt: string; readonly secret: KeyObject };
  /** The derived key that this salt names. */
  opening(salt: string): KeyObject;
}

/** With random 96-bit IVs a key of AES-GCM is good for so many texts (NIST SP 800-38D section 8.3). */
const mostSeals = 2 ** 32;
const saltBytes = 16;
/** Each process that has sealed anything has one; more of them than this are not kept at a time. */
const mostOpened = 10_000;

/**
 * A process seals with a key that it derives for itself (HKDF, RFC 5869), under a random salt that goes along with each text. So the limit of
 * texts per key is that of one process, which counts its own and takes another salt in time: nobody has to watch a sum over all.
 */
export function toEncryptionKey(bytes: Buffer, sealsPerSalt = mostSeals): EncryptionKey {
  const opened = new Map<string, KeyObject>();
  const opening = (salt: string) => {
    const known = opened.get(salt);
    if (known !== undefined) return known;
    if (opened.size >= mostOpened) opened.clear();
    const secret = createSecretKey(
      Buffer.from(hkdfSync("sha256", bytes, Buffer.from(salt, "base64url"), "evertoken seal", 32)),
    );
    opened.set(salt, secret);
    return secret;
  };
  const freshSalt = () => {
    const salt = randomBytes(saltBytes).toString("base64url");
    return { salt, secret: opening(salt), seals: 0 };
  };
  let current: ReturnType<typeof freshSalt> | null = null;
  return {
    id: createHash("sha256").update(bytes).digest("hex").slice(0, 8),
    secret: createSecretKey(bytes),
    marking: createSecretKey(createHmac("sha256", bytes).update("evertoken mark").digest()),
    sealing() {
      if (current === null || current.seals >= sealsPerSalt) current = freshSalt();
      current.seals++;
      return current;
    },
    opening,
  };
}

/** 32 random bytes hold some 30 different ones, and so do their differences; fewer than half of that never come by chance. */
const fewestDifferent = 16;

/**
 * Whether nobody drew this key: one byte over and over, a counted row, a short piece repeated, or a text in hex digits. Of keys from
 * `openssl rand` less than one in 10^12 looks like that.
 *
 * @param hex 64 hex digits
 */
export function isGuessable(hex: string): boolean {
  const bytes = [...Buffer.from(hex, "hex")];
  const steps = bytes.map((byte, at) => (byte - (bytes[at - 1] ?? 0)) & 0xff);
  const isText = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return isText || [bytes, steps].some((row) => new Set(row).size < fewestDifferent);
}
