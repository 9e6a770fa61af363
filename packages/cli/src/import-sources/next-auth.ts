import { defineSource } from "./source.ts";

/** Rows of the table `accounts` (Auth.js, NextAuth v4): the names of the adapters for Prisma, Drizzle, `pg` and others. */
export default defineSource({
  id: "next-auth",
  name: "Auth.js (next-auth)",
  docs: [
    "https://authjs.dev/concepts/database-models",
    "https://authjs.dev/getting-started/adapters/pg",
    "https://authjs.dev/reference/core/providers",
  ],
  formats: ["json", "csv"],
  marks: ["userId|user_id", "type", "provider", "providerAccountId|provider_account_id"],
  list: "accounts",
  fields: {
    userId: ["userId", "user_id"],
    provider: ["provider"],
    externalAccountId: ["providerAccountId", "provider_account_id"],
    accessToken: ["access_token"],
    refreshToken: ["refresh_token"],
    tokenType: ["token_type"],
    scopes: ["scope"],
    // Seconds since 1970, unless an app has changed the column.
    expiresAt: ["expires_at"],
    refreshTokenExpiresAt: ["refresh_token_expires_at"],
    expiresIn: ["expires_in"],
    obtainedAt: ["updatedAt", "updated_at", "createdAt", "created_at"],
  },
  leaves: [
    ...[
      "id",
      "_id",
      "id_token",
      "session_state",
      "oauth_token",
      "oauth_token_secret",
      "refresh_token_expires_in",
      "user",
    ],
    ...["createdAt", "updatedAt", "created_at", "updated_at", "ext_expires_in", "not_before_policy"],
  ],
  passes: ({ type }) =>
    type === "email" || type === "credentials" || type === "webauthn" ? "a sign-in without tokens" : null,
});
