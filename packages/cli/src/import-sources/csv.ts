import { defineSource } from "./source.ts";

/** Any table, by the names in its header: ours, in whatever case and with whatever between the words. Others: `--map`. */
export default defineSource({
  id: "csv",
  name: "a table in CSV",
  docs: ["https://www.rfc-editor.org/rfc/rfc4180"],
  formats: ["csv"],
  marks: ["@userId", "@accessToken|@refreshToken"],
  header: (name) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, ""),
  fields: {
    userId: ["userid", "user", "owner", "ownerid", "customerid", "tenantid"],
    provider: ["provider", "providerid", "providername", "service", "integration"],
    externalAccountId: ["externalaccountid", "accountid", "provideraccountid", "provideruserid", "account"],
    displayName: ["displayname", "accountname", "name"],
    userEmail: ["useremail", "email"],
    accessToken: ["accesstoken", "token"],
    refreshToken: ["refreshtoken"],
    tokenType: ["tokentype"],
    scopes: ["scopes", "scope"],
    expiresAt: ["expiresat", "accesstokenexpiresat", "expiry", "expirydate", "expires"],
    expiresIn: ["expiresin"],
    obtainedAt: ["obtainedat", "issuedat", "updatedat"],
    refreshTokenExpiresAt: ["refreshtokenexpiresat"],
    clientId: ["clientid"],
    tags: ["tags", "labels"],
  },
  leaves: ["id", "createdat"],
});
