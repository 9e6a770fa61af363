import { createHash } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { defineSource, NeedsKey, type Raw, WrongKey } from "./source.ts";

const sealedColumns = ["accessToken", "refreshToken", "access_token", "refresh_token"];

/** Hex, or `$ba$<version>$` and hex: nonce (24 bytes), ciphertext, tag (16). No provider's token looks so. */
const sealedForm = /^(?:\$ba\$\d+\$)?((?:[0-9a-f]{2}){41,})$/;

/** Rows of the table `account`, with tokens in plain or encrypted (`encryptOAuthTokens`). */
export default defineSource({
  id: "better-auth",
  name: "Better Auth",
  docs: [
    "https://www.better-auth.com/docs/concepts/database#account",
    "https://github.com/better-auth/better-auth/blob/main/packages/better-auth/src/crypto/index.ts",
    "https://github.com/better-auth/better-auth/blob/main/packages/better-auth/src/oauth2/utils.ts",
  ],
  formats: ["json", "csv"],
  marks: ["userId|user_id", "providerId|provider_id", "accountId|account_id"],
  list: "accounts",
  fields: {
    userId: ["userId", "user_id"],
    provider: ["providerId", "provider_id"],
    externalAccountId: ["accountId", "account_id"],
    accessToken: ["accessToken", "access_token"],
    refreshToken: ["refreshToken", "refresh_token"],
    scopes: ["scope"],
    expiresAt: ["accessTokenExpiresAt", "access_token_expires_at", "expiresAt"],
    refreshTokenExpiresAt: ["refreshTokenExpiresAt", "refresh_token_expires_at"],
  },
  leaves: ["id", "idToken", "id_token", "password", "createdAt", "updatedAt", "created_at", "updated_at"],
  key: "BETTER_AUTH_SECRET",
  open(raw, key) {
    const sealed = sealedColumns.filter((name) => sealedForm.test(String(raw[name] ?? "")));
    if (sealed.length === 0) return raw;
    if (key === null) {
      // Some providers' tokens are hex as well: only without a key can they be meant as they stand.
      if (sealed.every((name) => !String(raw[name]).startsWith("$ba$"))) return raw;
      throw new NeedsKey();
    }
    return { ...raw, ...Object.fromEntries(sealed.map((name) => [name, unseal(raw, name, key)])) };
  },
  passes: (raw: Raw) => ((raw.providerId ?? raw.provider_id) === "credential" ? "a sign-in by password" : null),
});

function unseal(raw: Raw, name: string, key: string): string {
  const bytes = Buffer.from(sealedForm.exec(String(raw[name]))?.[1] ?? "", "hex");
  const secret = createHash("sha256").update(key).digest();
  try {
    return Buffer.from(xchacha20poly1305(secret, bytes.subarray(0, 24)).decrypt(bytes.subarray(24))).toString();
  } catch {
    throw new WrongKey();
  }
}
