import { defineSource, type Raw } from "./source.ts";

/**
 * Configurations of sources and destinations with their secrets, as connectors read them; of an API that answers `**********` the tokens
 * cannot be had. They do not say whose the accounts are: that is `--user`.
 */
export default defineSource({
  id: "airbyte",
  name: "Airbyte",
  docs: [
    "https://docs.airbyte.com/platform/connector-development/connector-specification-reference",
    "https://reference.airbyte.com/reference/getsource",
    "https://docs.airbyte.com/platform/understanding-airbyte/secrets",
  ],
  formats: ["json"],
  marks: [
    "sourceType|destinationType|sourceName|sourceDefinitionId|definitionId",
    "configuration|connectionConfiguration",
  ],
  list: "data",
  fields: {
    provider: ["sourceType", "destinationType", "sourceName"],
    externalAccountId: ["sourceId", "destinationId"],
    displayName: ["name"],
    accessToken: under("access_token", "accessToken", "api_token"),
    refreshToken: under("refresh_token", "refreshToken"),
    expiresAt: under("token_expiry_date", "tokenExpiryDate", "access_token_expires_at"),
    clientId: under("client_id", "clientId", "app_id"),
  },
  metadata: {
    shopify: { shop: under("shop") },
    zendesk: { subdomain: under("subdomain") },
  },
  leaves: [
    ...["workspaceId", "definitionId", "sourceDefinitionId", "destinationDefinitionId", "createdAt", "icon"],
    ...["isVersionOverrideApplied", "supportState", "status", "secretId", "resourceAllocation"],
  ],
  // https://docs.airbyte.com/integrations: the ids of its connectors.
  providers: {
    "google-sheets": "google-drive",
    "google-analytics-data-api": () => null,
    "facebook-marketing": "meta",
    "facebook-pages": "meta",
    "linkedin-ads": "linkedin",
    "linkedin-pages": "linkedin",
    "microsoft-onedrive": "microsoft",
    "microsoft-sharepoint": "microsoft",
    "microsoft-teams": "microsoft",
    "snapchat-marketing": "snapchat",
    "tiktok-marketing": "tiktok",
    "youtube-analytics": "youtube",
    "zendesk-support": "zendesk",
    "zendesk-chat": "zendesk",
    "zoho-crm": "zoho",
  },
  passes: (raw) => (hidden(raw) ? "its secrets are hidden: read them from the secret store" : null),
});

/** A connector keeps them at the top, in `credentials`, or in `authorization`. */
function under(...names: readonly string[]): readonly string[] {
  const places = ["configuration", "connectionConfiguration"].flatMap((top) => [
    ...[`${top}.credentials`, `${top}.authorization`, `${top}.authentication`, top],
  ]);
  return places.flatMap((place) => names.map((name) => `${place}.${name}`));
}

function hidden(raw: Raw): boolean {
  return /"(access|refresh)_?[tT]oken":"\*+"/.test(
    JSON.stringify(raw.configuration ?? raw.connectionConfiguration ?? ""),
  );
}
