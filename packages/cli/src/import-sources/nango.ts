import { createDecipheriv } from "node:crypto";
import { defineSource, NeedsKey, type Raw, WrongKey } from "./source.ts";

/** Credentials of all kinds have a `type`; these are the ones with tokens of OAuth 2.0. */
const kinds = ["OAUTH2", "OAUTH2_CC", "APP", "CUSTOM"];

/** Answers of `GET /connection/{id}`, and rows of the table `_nango_connections`, encrypted or not. */
export default defineSource({
  id: "nango",
  name: "Nango",
  docs: [
    "https://docs.nango.dev/reference/api/connection/get",
    "https://github.com/NangoHQ/nango/blob/master/packages/types/lib/connection/db.ts",
    "https://github.com/NangoHQ/nango/blob/master/packages/utils/lib/encryption.ts",
  ],
  formats: ["json", "csv"],
  marks: ["connection_id", "provider_config_key", "credentials"],
  list: "connections",
  fields: {
    userId: ["end_user.id", "tags.end_user_id", "connection_id"],
    provider: ["provider", "provider_config_key"],
    externalAccountId: ["connection_id"],
    displayName: ["end_user.display_name", "tags.end_user_display_name"],
    userEmail: ["end_user.email", "tags.end_user_email"],
    accessToken: ["credentials.access_token"],
    refreshToken: ["credentials.refresh_token"],
    tokenType: ["credentials.raw.token_type"],
    scopes: ["credentials.raw.scope", "connection_config.oauth_scopes"],
    expiresAt: ["credentials.expires_at", "credentials_expires_at"],
    clientId: ["connection_config.oauth_client_id_override"],
  },
  metadata: {
    shopify: { shop: ["connection_config.subdomain"] },
    zendesk: { subdomain: ["connection_config.subdomain"] },
    salesforce: { instance_url: ["connection_config.instance_url", "credentials.raw.instance_url"] },
    zoho: { data_centre: ["connection_config.extension"] },
  },
  leaves: [
    ...[
      "id",
      "config_id",
      "end_user_id",
      "environment_id",
      "metadata",
      "errors",
      "created",
      "created_at",
      "updated_at",
    ],
    ...["deleted", "deleted_at", "credentials_iv", "credentials_tag", "last_fetched_at", "last_refresh_failure"],
    ...["last_refresh_success", "refresh_attempts", "refresh_exhausted", "webhook_url"],
  ],
  key: "NANGO_ENCRYPTION_KEY (base64)",
  open(raw, key) {
    const { credentials, credentials_iv: iv, credentials_tag: tag } = raw;
    const sealed = (credentials as Raw | null)?.encrypted_credentials;
    if (typeof sealed !== "string" || typeof iv !== "string" || typeof tag !== "string") return raw;
    if (key === null) throw new NeedsKey();
    const secret = Buffer.from(key, "base64");
    if (secret.length !== 32) throw new WrongKey();
    const decipher = createDecipheriv("aes-256-gcm", secret, Buffer.from(iv, "base64"), { authTagLength: 16 });
    decipher.setAuthTag(Buffer.from(tag, "base64"));
    const plain = Buffer.concat([decipher.update(Buffer.from(sealed, "base64")), decipher.final()]);
    return { ...raw, credentials: JSON.parse(plain.toString()) };
  },
  passes({ credentials, deleted }) {
    if (deleted === true || deleted === "t" || deleted === "true") return "deleted there";
    const kind = (credentials as Raw | null)?.type;
    return typeof kind === "string" && !kinds.includes(kind) ? `credentials of the kind ${kind.slice(0, 20)}` : null;
  },
});
