import { defineSource } from "./source.ts";

/** `rclone.conf`: a remote each, its token as JSON in one line. Whose they are, `--user` says. Its client's secret is not needed. */
export default defineSource({
  id: "rclone",
  name: "rclone",
  docs: [
    "https://rclone.org/docs/#config-config-file",
    "https://rclone.org/drive/",
    "https://github.com/rclone/rclone/blob/master/fs/config/crypt.go",
    "https://github.com/rclone/rclone/blob/master/lib/oauthutil/oauthutil.go",
  ],
  formats: ["rclone"],
  marks: ["remote", "type"],
  fields: {
    provider: ["type"],
    externalAccountId: ["remote"],
    displayName: ["remote"],
    accessToken: ["token.access_token"],
    refreshToken: ["token.refresh_token"],
    tokenType: ["token.token_type"],
    expiresAt: ["token.expiry"],
    clientId: ["client_id"],
  },
  metadata: { zoho: { data_centre: ["region"] } },
  // Options of its backends are too many to name: what is not read is left there.
  leaves: ["*"],
  // https://rclone.org/overview/: the types of its backends.
  providers: {
    drive: "google-drive",
    "google photos": () => null,
    onedrive: "microsoft",
    box: "box",
    dropbox: "dropbox",
    zoho: "zoho",
  },
  key: "the configuration's password (RCLONE_CONFIG_PASS)",
  passes: ({ token }) => (token === undefined || token === "" ? "a remote without a token" : null),
});
