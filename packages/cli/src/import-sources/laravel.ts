import { createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { defineSource, NeedsKey, WrongKey } from "./source.ts";

interface Payload {
  readonly iv: string;
  readonly value: string;
  readonly mac: string;
  readonly tag?: string;
}

/**
 * Rows of a table that keeps what Socialite got, as its documentation and its packages name the columns. Columns may be encrypted by
 * `Crypt` or the cast `encrypted`. Other names: `--map`.
 */
export default defineSource({
  id: "laravel",
  name: "Laravel",
  docs: [
    "https://laravel.com/docs/12.x/socialite#retrieving-user-details",
    "https://github.com/laravel/framework/blob/12.x/src/Illuminate/Encryption/Encrypter.php",
    "https://github.com/joelbutcher/socialstream/blob/main/database/migrations/2022_12_21_000000_create_connected_accounts_table.php",
  ],
  formats: ["json", "csv"],
  marks: ["user_id", "provider|provider_name|service", "token|access_token|provider_token"],
  list: "data",
  fields: {
    userId: ["user_id"],
    provider: ["provider", "provider_name", "service"],
    externalAccountId: ["provider_id", "provider_user_id", "provider_account_id", "service_id"],
    displayName: ["name", "nickname"],
    userEmail: ["email"],
    accessToken: ["token", "access_token", "provider_token"],
    refreshToken: ["refresh_token", "provider_refresh_token"],
    tokenType: ["token_type"],
    scopes: ["approved_scopes", "scopes", "scope"],
    expiresAt: ["expires_at", "token_expires_at"],
    // Socialite's `expiresIn` are seconds from when the row was written.
    expiresIn: ["expires_in"],
    obtainedAt: ["updated_at", "created_at"],
  },
  leaves: [
    "id",
    "avatar",
    "avatar_path",
    "telephone",
    "secret",
    "token_secret",
    "created_at",
    "updated_at",
    "deleted_at",
  ],
  key: "APP_KEY (with its base64:)",
  open(raw, key) {
    const opened = Object.entries(raw).map(([name, value]) => {
      const payload = payloadOf(value);
      if (payload === null) return [name, value];
      if (key === null) throw new NeedsKey();
      return [name, decrypt(payload, key)];
    });
    return Object.fromEntries(opened);
  },
  passes: ({ deleted_at: deleted }) => (typeof deleted === "string" && deleted !== "" ? "deleted there" : null),
});

/**
 * Base64 of JSON with these fields; anything else is in plain. @throws {WrongKey} for one that is cut off, as by a column that is too short: it
 * must not pass for a token
 */
function payloadOf(value: unknown): Payload | null {
  if (typeof value !== "string" || !/^eyJpdiI6[^.]*$/.test(value)) return null;
  try {
    return JSON.parse(Buffer.from(value, "base64").toString()) as Payload;
  } catch {
    throw new WrongKey();
  }
}

/** AES-CBC under an HMAC, or AES-GCM; 128 or 256 bits by the length of the key. */
function decrypt({ iv, value, mac, tag }: Payload, key: string): string {
  const secret = Buffer.from(key.replace(/^base64:/, ""), "base64");
  if (secret.length !== 16 && secret.length !== 32) throw new WrongKey();
  const body = Buffer.from(value, "base64");
  if (typeof tag === "string" && tag !== "") {
    const name = `aes-${secret.length * 8}-gcm` as "aes-256-gcm";
    const decipher = createDecipheriv(name, secret, Buffer.from(iv, "base64"), { authTagLength: 16 });
    decipher.setAuthTag(Buffer.from(tag, "base64"));
    return unserialize(Buffer.concat([decipher.update(body), decipher.final()]).toString());
  }
  const expected = createHmac("sha256", secret)
    .update(iv + value)
    .digest();
  const given = Buffer.from(mac, "hex");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new WrongKey();
  const decipher = createDecipheriv(`aes-${secret.length * 8}-cbc`, secret, Buffer.from(iv, "base64"));
  return unserialize(Buffer.concat([decipher.update(body), decipher.final()]).toString());
}

/** `Crypt::encrypt` serializes a text first, `encryptString` and the cast do not. */
const unserialize = (text: string) => /^s:\d+:"(.*)";$/s.exec(text)?.[1] ?? text;
