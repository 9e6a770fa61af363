import { createDecipheriv } from "node:crypto";
import { EvertokenError } from "../evertoken-error.ts";

const pattern = /^([0-9a-f]{24}|[0-9a-f]{32}):([0-9a-f]{32}):((?:[0-9a-f]{2})+)$/i;

/**
 * Opens a token that another system has stored as `iv:authTag:ciphertext` in hex, AES-256-GCM, IV of 12 or 16 bytes.
 *
 * @param keyHex 64 hex digits
 * @throws {EvertokenError} `invalid_input` for what is not of this form, `unreadable_token` for what does not open; neither quotes it
 */
export function decryptLegacy(text: string, keyHex: string): string {
  if (!/^[0-9a-f]{64}$/i.test(keyHex)) throw new EvertokenError("invalid_input", "legacyKey: needs 64 hex digits");
  const [, iv, tag, body] = pattern.exec(text.trim()) ?? [];
  if (iv === undefined || tag === undefined || body === undefined) {
    throw new EvertokenError("invalid_input", "an encrypted token is not iv:authTag:ciphertext in hex");
  }
  const decipher = createDecipheriv("aes-256-gcm", Buffer.from(keyHex, "hex"), Buffer.from(iv, "hex"), {
    authTagLength: 16,
  }).setAuthTag(Buffer.from(tag, "hex"));
  try {
    const plain = Buffer.concat([decipher.update(Buffer.from(body, "hex")), decipher.final()]);
    return new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch {
    throw new EvertokenError("unreadable_token", "an encrypted token does not open with legacyKey, or was altered");
  }
}
