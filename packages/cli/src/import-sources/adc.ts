import { googleProduct } from "./shared/google-product.ts";
import { defineSource } from "./source.ts";

/**
 * `application_default_credentials.json`, which `gcloud auth application-default login` writes: a refresh token without scopes, of gcloud's
 * own client unless `--client-id-file` was given. So it needs `--user`, `--provider`, and a registration with that client id.
 */
export default defineSource({
  id: "adc",
  name: "Application Default Credentials",
  docs: [
    "https://cloud.google.com/docs/authentication/application-default-credentials#personal",
    "https://google.aip.dev/auth/4113",
  ],
  formats: ["json"],
  marks: ["type", "client_id", "client_secret", "refresh_token"],
  fields: {
    externalAccountId: ["account"],
    refreshToken: ["refresh_token"],
    clientId: ["client_id"],
  },
  leaves: ["account", "client_secret", "type", "quota_project_id", "universe_domain"],
  providers: { "": googleProduct },
  passes: ({ type }) =>
    type === "authorized_user" ? null : "not the credentials of a user: service accounts have no refresh token",
});
