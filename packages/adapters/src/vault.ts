import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import type { Sealed, TokenColumn, TokenOwner, Vault } from "@evertoken/core";
import { type EncryptionKey, toEncryptionKey } from "./encryption-key.ts";

/** Encrypts any column of any table; {@link Vault} is its form for tokens. */
export interface Keyring extends Vault {
  /** Id of the key that encrypts; the others only open. */
  readonly activeKeyId: string;
  readonly keyIds: readonly string[];
  sealText(plain: string, place: string): string;
  /**
   * @param formerPlace what a text of the former form is bound to, where that was another place
   * @throws {VaultError}
   */
  openText(text: string, place: string, formerPlace?: string): string;
  /** Whether a text is, by its form, a ciphertext of a key of the ring. */
  isSealed(text: string): boolean;
  /** @throws {VaultError} the text was not marked for this place, or by one whose key is not in the ring */
  checkMark(mark: string, text: string, place: string): void;
  /** Which texts are written in the present form, with the active key: the beginning of each. */
  readonly presentBeginning: string;
  /**
   * From now on texts are written in the present form, which processes of the former version cannot read. Whoever has opened one does so by
   * itself: then the others can read it, too.
   */
  usePresentForm(): void;
}

export class VaultError extends Error {
  readonly code: "malformed" | "unknown_key" | "altered";
  constructor(code: VaultError["code"], message: string) {
    super(message);
    this.name = "VaultError";
    this.code = code;
  }
}

const ivBytes = 12;
const tagBytes = 16;

/** Either form, and nothing behind it: `v1.<key id>.<payload>`, `v2.<key id>.<salt>.<payload>`. */
const forms = /^(?:v1\.([^.]+)|v2\.([^.]+)\.([\w-]{22}))\.([\w-]+)$/;

/**
 * AES-256-GCM with a random 96-bit IV (NIST SP 800-38D 8.2.2), under a key derived for the salt that stands in the text. Payload: base64url of
 * IV, ciphertext and tag. The place is authenticated with it, so that a ciphertext moved to another place does not open. For a token that is
 * its row and column, and the provider and registration that it may be sent to.
 *
 * The former form had neither salt nor, for tokens, provider and registration.
 *
 * @param hexKeys 64 hex digits each; the first one encrypts, all open
 */
export function createKeyring(hexKeys: readonly string[]): Keyring {
  const keys = hexKeys.map(toKey);
  const active = keys[0];
  if (active === undefined) throw new VaultError("unknown_key", "the key ring is empty");
  const byId = new Map(keys.map((key) => [key.id, key]));
  let present = false;

  const read = (text: string) => {
    const [, formerId, presentId, salt = null, encoded = ""] = forms.exec(text) ?? [];
    const keyId = formerId ?? presentId;
    const payload = Buffer.from(encoded, "base64url");
    // Base64 knows several spellings of one text.
    if (keyId === undefined || payload.toString("base64url") !== encoded) {
      throw new VaultError("malformed", "the stored text is not a ciphertext of ours");
    }
    const key = byId.get(keyId);
    if (key === undefined) throw new VaultError("unknown_key", `key ${keyId} is not in the ring`);
    return { key, salt, payload };
  };
  const openText = (text: string, place: string, formerPlace = place): string => {
    const { key, salt, payload } = read(text);
    if (salt === null) return decrypt(key.secret, payload, formerPlace);
    const plain = decrypt(key.opening(salt), payload, place);
    present = true;
    return plain;
  };
  const sealText = (plain: string, place: string, formerPlace = place): string => {
    if (!present) return `v1.${active.id}.${encrypt(active.secret, plain, formerPlace)}`;
    const { salt, secret } = active.sealing();
    return `v2.${active.id}.${salt}.${encrypt(secret, plain, place)}`;
  };

  return {
    activeKeyId: active.id,
    keyIds: keys.map((key) => key.id),
    presentBeginning: `v2.${active.id}.`,
    usePresentForm() {
      present = true;
    },
    sealText,
    openText,
    isSealed(text) {
      const [, formerId, presentId] = forms.exec(text) ?? [];
      return byId.has(formerId ?? presentId ?? "");
    },
    checkMark(mark, text, place) {
      const { key, payload } = read(mark);
      const mac = createHmac("sha256", key.marking).update(`${place}\n`).update(text).digest();
      if (payload.length !== mac.length || !timingSafeEqual(payload, mac)) {
        throw new VaultError("altered", "the text was altered, or belongs to another place");
      }
    },
    seal: (plain, owner, column) => sealText(plain, tokenPlace(owner, column), formerPlace(owner, column)) as Sealed,
    open: (sealed, owner, column) => openText(sealed, tokenPlace(owner, column), formerPlace(owner, column)),
  };
}

/** No provider's id holds a slash, so none of the parts can run into another. */
const tokenPlace = ({ id, provider, registration }: TokenOwner, column: TokenColumn) =>
  `connections/${id}/${provider}/${registration}/${column}`;

const formerPlace = ({ id }: TokenOwner, column: TokenColumn) => `connections/${id}/${column}`;

function toKey(hex: string): EncryptionKey {
  const bytes = Buffer.from(hex, "hex");
  if (bytes.length !== 32) throw new VaultError("malformed", "an encryption key needs 64 hex digits");
  return toEncryptionKey(bytes);
}

let ivs = Buffer.alloc(0);

/** Random bytes are asked of the system for many IVs at once: one call costs more than the encryption of a token. */
function freshIv(): Buffer {
  if (ivs.length === 0) ivs = randomBytes(512 * ivBytes);
  const iv = ivs.subarray(0, ivBytes);
  ivs = ivs.subarray(ivBytes);
  return iv;
}

function encrypt(key: KeyObject, plain: string, place: string): string {
  const iv = freshIv();
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(place));
  const parts = [iv, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(parts).toString("base64url");
}

function decrypt(key: KeyObject, payload: Buffer, place: string): string {
  if (payload.length < ivBytes + tagBytes) throw new VaultError("malformed", "the ciphertext is too short");
  const end = payload.length - tagBytes;
  const decipher = createDecipheriv("aes-256-gcm", key, payload.subarray(0, ivBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(place)).setAuthTag(payload.subarray(end));
  try {
    return decipher.update(payload.subarray(ivBytes, end), undefined, "utf8") + decipher.final("utf8");
  } catch {
    throw new VaultError("altered", "the ciphertext was altered, or belongs to another row, column or provider");
  }
}
