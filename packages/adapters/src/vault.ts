import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import type { Sealed, TokenColumn, Vault } from "@evertoken/core";

/** A key of the ring. Its id is the beginning of its SHA-256: no name to invent, and a wrong key is known by sight. */
interface Key {
  readonly id: string;
  /** Imported once: a key given as bytes is imported anew by each call, which costs four times the decryption. */
  readonly secret: KeyObject;
  /** Derived: one key is not used for two purposes. */
  readonly marking: KeyObject;
}

/** Encrypts any column of any table; {@link Vault} is its form for tokens. */
export interface Keyring extends Vault {
  /** Id of the key that encrypts; the others only open. */
  readonly activeKeyId: string;
  readonly keyIds: readonly string[];
  sealText(plain: string, place: string): string;
  /** @throws {VaultError} */
  openText(text: string, place: string): string;
  /** Whether a text is, by its form, a ciphertext of a key of the ring. */
  isSealed(text: string): boolean;
  /** Says, to a holder of the ring, that this text was written by another holder for this place. */
  mark(text: string, place: string): string;
  /** @throws {VaultError} it was not, or by one whose key is not in the ring */
  checkMark(mark: string, text: string, place: string): void;
}

export class VaultError extends Error {
  readonly code: "malformed" | "unknown_key" | "altered";
  constructor(code: VaultError["code"], message: string) {
    super(message);
    this.name = "VaultError";
    this.code = code;
  }
}

const version = "v1";
const ivBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM with a random 96-bit IV (NIST SP 800-38D 8.2.2). Text: `v1.<key id>.<base64url of iv, ciphertext, tag>`.
 * Row and column are authenticated with it, so that a ciphertext moved to another place does not open.
 *
 * @param hexKeys 64 hex digits each; the first one encrypts, all open
 */
export function createKeyring(hexKeys: readonly string[]): Keyring {
  const keys = hexKeys.map(toKey);
  const active = keys[0];
  if (active === undefined) throw new VaultError("unknown_key", "the key ring is empty");
  const byId = new Map(keys.map((key) => [key.id, key]));

  const split = (text: string) => {
    const [head, keyId, payload] = text.split(".");
    if (head !== version || keyId === undefined || payload === undefined) {
      throw new VaultError("malformed", "the stored text is not a ciphertext of ours");
    }
    const key = byId.get(keyId);
    if (key === undefined) throw new VaultError("unknown_key", `key ${keyId} is not in the ring`);
    return { key, payload: Buffer.from(payload, "base64url") };
  };
  const openText = (text: string, place: string): string => {
    const { key, payload } = split(text);
    return decrypt(key, payload, place);
  };
  const sealText = (plain: string, place: string) => `${version}.${active.id}.${encrypt(active, plain, place)}`;

  return {
    activeKeyId: active.id,
    keyIds: keys.map((key) => key.id),
    sealText,
    openText,
    isSealed: (text) => sealedForm.test(text) && byId.has(text.split(".")[1] ?? ""),
    mark: (text, place) => `${version}.${active.id}.${macOf(active, text, place).toString("base64url")}`,
    checkMark(mark, text, place) {
      const { key, payload } = split(mark);
      const mac = macOf(key, text, place);
      if (payload.length !== mac.length || !timingSafeEqual(payload, mac)) {
        throw new VaultError("altered", "the text was altered, or belongs to another place");
      }
    },
    seal: (plain, id, column) => sealText(plain, tokenPlace(id, column)) as Sealed,
    open: (sealed, id, column) => openText(sealed, tokenPlace(id, column)),
  };
}

const sealedForm = /^v\d+\.[\da-f]{8}\.[\w-]{38,}$/;

const tokenPlace = (connectionId: string, column: TokenColumn) => `connections/${connectionId}/${column}`;

function toKey(hex: string): Key {
  const bytes = Buffer.from(hex, "hex");
  if (bytes.length !== 32) throw new VaultError("malformed", "an encryption key needs 64 hex digits");
  const marking = createSecretKey(createHmac("sha256", bytes).update("evertoken mark").digest());
  return { id: createHash("sha256").update(bytes).digest("hex").slice(0, 8), secret: createSecretKey(bytes), marking };
}

/** The place has no line breaks, so that place and text cannot run into each other. */
const macOf = (key: Key, text: string, place: string) =>
  createHmac("sha256", key.marking).update(`${place}\n`).update(text).digest();

function encrypt(key: Key, plain: string, place: string): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", key.secret, iv).setAAD(Buffer.from(place));
  const body = Buffer.concat([iv, cipher.update(plain, "utf8"), cipher.final()]);
  return Buffer.concat([body, cipher.getAuthTag()]).toString("base64url");
}

function decrypt(key: Key, payload: Buffer, place: string): string {
  if (payload.length < ivBytes + tagBytes) throw new VaultError("malformed", "the ciphertext is too short");
  const end = payload.length - tagBytes;
  const decipher = createDecipheriv("aes-256-gcm", key.secret, payload.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(place)).setAuthTag(payload.subarray(end));
  try {
    return decipher.update(payload.subarray(ivBytes, end), undefined, "utf8") + decipher.final("utf8");
  } catch {
    throw new VaultError("altered", "the ciphertext was altered, or belongs to another row or column");
  }
}
