import { createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { defineSource, NeedsKey, WrongKey } from "./source.ts";

/**
 * `n8n export:credentials --all`, with or without `--decrypted`. It does not say whose the accounts are: that is `--user`. Each credential
 * is an account of its own, by its id.
 */
export default defineSource({
  id: "n8n",
  name: "n8n",
  docs: [
    "https://docs.n8n.io/hosting/cli-commands/#credentials",
    "https://github.com/n8n-io/n8n/blob/master/packages/cli/src/commands/export/credentials.ts",
    "https://github.com/n8n-io/n8n/blob/master/packages/core/src/encryption/aes-256-cbc.ts",
    "https://github.com/n8n-io/n8n/blob/master/packages/core/src/encryption/aes-256-gcm.ts",
  ],
  formats: ["json", "csv"],
  marks: ["id", "name", "type", "data"],
  fields: {
    provider: ["type"],
    externalAccountId: ["id"],
    displayName: ["name"],
    accessToken: ["data.oauthTokenData.access_token"],
    refreshToken: ["data.oauthTokenData.refresh_token"],
    tokenType: ["data.oauthTokenData.token_type"],
    scopes: ["data.oauthTokenData.scope", "data.scope"],
    expiresAt: ["data.oauthTokenData.expires_at", "data.oauthTokenData.expiry_date"],
    expiresIn: ["data.oauthTokenData.expires_in"],
    // n8n writes the credential when it has fetched a token, and keeps no other word about when that was.
    obtainedAt: ["updatedAt"],
    clientId: ["data.clientId"],
  },
  metadata: {
    shopify: { shop: ["data.shopSubdomain"] },
    zendesk: { subdomain: ["data.subdomain"] },
    salesforce: { instance_url: ["data.oauthTokenData.instance_url"] },
  },
  leaves: [
    ...["createdAt", "isManaged", "isGlobal", "isResolvable", "resolvableAllowFallback", "resolverId", "nodesAccess"],
    ...["homeProject", "sharedWithProjects", "ownedBy", "shared"],
  ],
  // The types of https://github.com/n8n-io/n8n/tree/master/packages/nodes-base/credentials
  providers: {
    gmailOAuth2: "gmail",
    googleDriveOAuth2Api: "google-drive",
    googleSheetsOAuth2Api: "google-drive",
    googleDocsOAuth2Api: "google-drive",
    googleCalendarOAuth2Api: "google-calendar",
    googleAdsOAuth2Api: "google-ads",
    googleBusinessProfileOAuth2Api: "google-business-profile",
    youTubeOAuth2Api: "youtube",
    microsoftOAuth2Api: "microsoft",
    microsoftOutlookOAuth2Api: "microsoft",
    microsoftOneDriveOAuth2Api: "microsoft",
    microsoftExcelOAuth2Api: "microsoft",
    microsoftTeamsOAuth2Api: "microsoft",
    microsoftToDoOAuth2Api: "microsoft",
    facebookGraphApi: "meta",
    twitterOAuth2Api: "x",
    githubOAuth2Api: ({ refreshes }) => (refreshes ? "github-app" : "github-oauth-app"),
    quickBooksOAuth2Api: "quickbooks",
    jiraSoftwareCloudOAuth2Api: "atlassian",
    airtableOAuth2Api: "airtable",
    asanaOAuth2Api: "asana",
    boxOAuth2Api: "box",
    calendlyOAuth2Api: "calendly",
    clickUpOAuth2Api: "clickup",
    discordOAuth2Api: "discord",
    dropboxOAuth2Api: "dropbox",
    gitlabOAuth2Api: "gitlab",
    harvestOAuth2Api: "harvest",
    hubspotOAuth2Api: "hubspot",
    linearOAuth2Api: "linear",
    linkedInOAuth2Api: "linkedin",
    mailchimpOAuth2Api: "mailchimp",
    miroOAuth2Api: "miro",
    mondayComOAuth2Api: "monday",
    notionOAuth2Api: "notion",
    pipedriveOAuth2Api: "pipedrive",
    redditOAuth2Api: "reddit",
    salesforceOAuth2Api: "salesforce",
    shopifyOAuth2Api: "shopify",
    slackOAuth2Api: "slack",
    spotifyOAuth2Api: "spotify",
    stravaOAuth2Api: "strava",
    typeformOAuth2Api: "typeform",
    webflowOAuth2Api: "webflow",
    xeroOAuth2Api: "xero",
    zendeskOAuth2Api: "zendesk",
    zohoOAuth2Api: "zoho",
    zoomOAuth2Api: "zoom",
  },
  key: "N8N_ENCRYPTION_KEY",
  open(raw, key) {
    if (typeof raw.data !== "string" || raw.data.startsWith("{")) return raw;
    if (key === null) throw new NeedsKey();
    const sealed = Buffer.from(raw.data, "base64");
    const plain = sealed.subarray(0, 8).toString() === "Salted__" ? openCbc(sealed, key) : openGcm(sealed, key);
    return { ...raw, data: JSON.parse(plain) };
  },
  passes: ({ type }) =>
    typeof type === "string" && !/OAuth2|facebookGraphApi/.test(type) ? "a credential that is not OAuth 2.0" : null,
});

/** What CryptoJS and `openssl enc` write: `Salted__`, 8 bytes of salt, AES-256-CBC with key and IV of EVP_BytesToKey(MD5). */
function openCbc(sealed: Buffer, key: string): string {
  const password = Buffer.concat([Buffer.from(key, "latin1"), sealed.subarray(8, 16)]);
  const md5 = (before: Buffer) => createHash("md5").update(before).update(password).digest();
  const first = md5(Buffer.alloc(0));
  const second = md5(first);
  const decipher = createDecipheriv("aes-256-cbc", Buffer.concat([first, second]), md5(second));
  return Buffer.concat([decipher.update(sealed.subarray(16)), decipher.final()]).toString();
}

/** Version 1: a byte of version, 32 of salt, 16 of tag; AES-256-GCM with key and IV of HKDF-SHA-256. */
function openGcm(sealed: Buffer, key: string): string {
  const secret = Buffer.from(key, "hex");
  if (sealed.length < 49 || sealed[0] !== 1 || secret.length !== 32) throw new WrongKey();
  const derived = Buffer.from(hkdfSync("sha256", secret, sealed.subarray(1, 33), "n8n-encryption-v1", 44));
  const decipher = createDecipheriv("aes-256-gcm", derived.subarray(0, 32), derived.subarray(32), {
    authTagLength: 16,
  });
  decipher.setAuthTag(sealed.subarray(33, 49));
  return Buffer.concat([decipher.update(sealed.subarray(49)), decipher.final()]).toString();
}
