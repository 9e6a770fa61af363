import { defineSource } from "./source.ts";

/**
 * What an app has kept of `provider_token` and `provider_refresh_token`: Supabase Auth hands them out once, with the session, and stores
 * neither. Rows of `auth.identities` alone hold no token, and are passed over.
 */
export default defineSource({
  id: "supabase",
  name: "Supabase Auth",
  docs: [
    "https://supabase.com/docs/guides/auth/social-login#provider-tokens",
    "https://supabase.com/docs/guides/auth/identities",
    "https://supabase.com/docs/reference/javascript/auth-onauthstatechange",
  ],
  formats: ["json", "csv"],
  marks: ["user_id|user", "provider|user", "provider_token|provider_refresh_token|identity_data"],
  list: "identities",
  fields: {
    userId: ["user_id", "user.id"],
    provider: ["provider", "user.app_metadata.provider"],
    externalAccountId: [
      "provider_id",
      "identity_data.sub",
      "identity_data.provider_id",
      "user.user_metadata.provider_id",
    ],
    displayName: ["identity_data.full_name", "identity_data.name", "user.user_metadata.full_name"],
    userEmail: ["email", "identity_data.email", "user.email"],
    accessToken: ["provider_token"],
    refreshToken: ["provider_refresh_token"],
    scopes: ["provider_scopes", "scopes"],
    // `expires_at` of a session is the end of Supabase's own token, not of this one.
    expiresAt: ["provider_token_expires_at"],
  },
  leaves: [
    ...["id", "identity_id", "access_token", "refresh_token", "expires_in", "expires_at", "token_type"],
    ...["created_at", "updated_at", "last_sign_in_at"],
  ],
  passes: (raw) =>
    raw.provider_token || raw.provider_refresh_token ? null : "it holds no token of the provider: Supabase keeps none",
});
