import { createCipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { createRequire } from "node:module";

/** In two hours, to the second: some systems keep no more. */
export const endsAt = new Date(Math.floor(Date.now() / 1000) * 1000 + 7_200_000);
const seconds = endsAt.getTime() / 1000;
const sql = endsAt.toISOString().replace("T", " ").replace("Z", "+00");

/** What a file of its own shape becomes. Tokens are `canary-a…` and `canary-r…`. */
export interface SourceFile {
  readonly from: string;
  readonly what: string;
  readonly text: string;
  readonly args?: readonly string[];
  readonly key?: string;
  readonly expected: readonly Expected[];
  readonly skipped?: number;
}

export interface Expected {
  readonly userId: string;
  readonly provider: string;
  readonly account: string;
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  readonly expiresAt?: Date;
  readonly scopes?: readonly string[];
  readonly more?: Readonly<Record<string, unknown>>;
}

const lines = (...rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join("\n");
/** In CSV, with a semicolon: what is an object is JSON as text. */
function table(...rows: readonly object[]): string {
  const names = [...new Set(rows.flatMap(Object.keys))];
  const cell = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  const line = (row: object) =>
    names.map((name) => `"${name in row ? cell(row[name as never]).replaceAll('"', '""') : ""}"`).join(";");
  return [names.join(";"), ...rows.map(line)].join("\r\n");
}
const nangoKey = randomBytes(32);

const nango = (n: number, more: object = {}) => ({
  ...{ id: n, connection_id: `conn-${n}`, provider_config_key: "google-mail", provider: "google-mail", errors: [] },
  end_user: { id: `user-${n}`, email: "ada@example.com", display_name: "Ada", organization: null, tags: {} },
  credentials: {
    ...{
      type: "OAUTH2",
      access_token: `canary-a${n}`,
      refresh_token: `canary-r${n}`,
      expires_at: endsAt.toISOString(),
    },
    raw: { access_token: `canary-a${n}`, scope: "openid email", token_type: "Bearer", expires_in: 3599 },
  },
  ...{ connection_config: {}, metadata: null, tags: null, last_fetched_at: null },
  ...{ created_at: "2025-01-01T00:00:00.000Z", updated_at: "2026-01-01T00:00:00.000Z", ...more },
});

function nangoRow(): object {
  const {
    provider: _,
    end_user: __,
    errors: ___,
    ...row
  } = nango(3, { provider_config_key: "facebook", end_user_id: 7 });
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", nangoKey, iv);
  const body = Buffer.concat([cipher.update(JSON.stringify(row.credentials)), cipher.final()]);
  return {
    ...{ ...row, config_id: 1, environment_id: 1, deleted: false, deleted_at: null, refresh_attempts: null },
    credentials: { encrypted_credentials: body.toString("base64") },
    ...{ credentials_iv: iv.toString("base64"), credentials_tag: cipher.getAuthTag().toString("base64") },
    tags: { end_user_id: "user-3" },
  };
}

const n8nData = (n: number) => ({
  ...{ clientId: "client", clientSecret: "canary-client-secret", grantType: "authorizationCode" },
  oauthTokenData: {
    ...{ access_token: `canary-a${n}`, refresh_token: `canary-r${n}`, scope: "openid", token_type: "Bearer" },
    ...{ expires_in: 3599 },
  },
});
const obtained = new Date(endsAt.getTime() - 3_599_000).toISOString();
const n8n = (id: string, type: string, data: unknown) => ({
  ...{
    createdAt: "2025-01-01T00:00:00.000Z",
    updatedAt: obtained,
    id,
    name: `My ${type}`,
    data,
    type,
    isManaged: false,
  },
});

/** As CryptoJS does: https://www.openssl.org/docs/manmaster/man3/EVP_BytesToKey.html */
function cryptoJs(text: string, key: string): string {
  const salt = randomBytes(8);
  const password = Buffer.concat([Buffer.from(key), salt]);
  const hashes = [0, 1, 2].reduce<Buffer[]>(
    (all) => [
      ...all,
      createHash("md5")
        .update(all.at(-1) ?? "")
        .update(password)
        .digest(),
    ],
    [],
  );
  const [first, second, iv] = hashes as [Buffer, Buffer, Buffer];
  const cipher = createCipheriv("aes-256-cbc", Buffer.concat([first, second]), iv);
  return Buffer.concat([Buffer.from("Salted__"), salt, cipher.update(text), cipher.final()]).toString("base64");
}

function n8nGcm(text: string, key: Buffer): string {
  const salt = randomBytes(32);
  const derived = Buffer.from(hkdfSync("sha256", key, salt, "n8n-encryption-v1", 44));
  const cipher = createCipheriv("aes-256-gcm", derived.subarray(0, 32), derived.subarray(32));
  const body = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([Buffer.from([1]), salt, cipher.getAuthTag(), body]).toString("base64");
}
const gcmKey = randomBytes(32);

/** The command's own library, by its other half. */
const cli = createRequire(new URL("../../packages/cli/package.json", import.meta.url));
const chacha = await import(cli.resolve("@noble/ciphers/chacha.js"));
const salsa = await import(cli.resolve("@noble/ciphers/salsa.js"));

function betterAuthSealed(text: string, secret: string): string {
  const nonce = randomBytes(24);
  const cipher = chacha.xchacha20poly1305(createHash("sha256").update(secret).digest(), nonce);
  return Buffer.concat([nonce, cipher.encrypt(Buffer.from(text))]).toString("hex");
}
const betterAuth = (n: number, more: object = {}) => ({
  ...{ id: `acc${n}`, accountId: `${n}`, providerId: "twitter", userId: `user-${n}`, password: null, idToken: null },
  ...{ accessToken: `canary-a${n}`, refreshToken: `canary-r${n}`, accessTokenExpiresAt: endsAt.toISOString() },
  ...{ refreshTokenExpiresAt: null, scope: "tweet.read,users.read", createdAt: obtained, updatedAt: obtained, ...more },
});

const appKey = randomBytes(32);
/** `Crypt::encryptString`, or `Crypt::encrypt` with what PHP's serialize makes of a text. */
function laravelSealed(text: string): string {
  const iv = randomBytes(16).toString("base64");
  const cipher = createCipheriv("aes-256-cbc", appKey, Buffer.from(iv, "base64"));
  const value = Buffer.concat([cipher.update(text), cipher.final()]).toString("base64");
  const mac = createHmac("sha256", appKey)
    .update(iv + value)
    .digest("hex");
  return Buffer.from(JSON.stringify({ iv, value, mac, tag: "" })).toString("base64");
}

const rcloneConf = `# made by rclone
[drive-of-ada]
type = drive
client_id =
scope = drive
token = {"access_token":"canary-a1","token_type":"Bearer","refresh_token":"canary-r1","expiry":"${endsAt.toISOString().replace("Z", "123456+00:00")}"}

[backup]
type = s3
secret_access_key = canary-secret

[work]
type = onedrive
token = {"access_token":"canary-a2","token_type":"Bearer","refresh_token":"canary-r2","expiry":"0001-01-01T00:00:00Z"}
drive_type = business
`;

function rcloneSealed(password: string): string {
  const nonce = randomBytes(24);
  const key = createHash("sha256").update(`[${password}][rclone-config]`).digest();
  const box = salsa.xsalsa20poly1305(key, nonce).encrypt(Buffer.from(rcloneConf));
  return `# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\n${Buffer.concat([nonce, box]).toString("base64")}\n`;
}
const rcloneExpected: Expected[] = [
  {
    ...{
      userId: "ada",
      provider: "google-drive",
      account: "drive-of-ada",
      accessToken: "canary-a1",
      refreshToken: "canary-r1",
    },
    expiresAt: endsAt,
  },
  { userId: "ada", provider: "microsoft", account: "work", accessToken: "canary-a2", refreshToken: "canary-r2" },
];

const grant = (n: number, provider: string, more: Partial<Expected> = {}): Expected => ({
  ...{ userId: `user-${n}`, provider, account: `${n}`, accessToken: `canary-a${n}`, refreshToken: `canary-r${n}` },
  ...{ expiresAt: endsAt, ...more },
});

const idToken = ["e30", Buffer.from('{"sub":"1155","email":"ada@example.com"}').toString("base64url"), "x"].join(".");

export const sourceFiles: readonly SourceFile[] = [
  {
    ...{ from: "nango", what: "answers of the API, one of them with an API key" },
    text: lines(
      nango(1),
      nango(2, { provider: "twitter-v2" }),
      nango(9, { credentials: { type: "API_KEY", apiKey: "canary" } }),
    ),
    expected: [
      grant(1, "gmail", {
        account: "conn-1",
        scopes: ["openid", "email"],
        more: { display_name: "Ada", user_email: "ada@example.com" },
      }),
      grant(2, "x", { account: "conn-2" }),
    ],
    skipped: 1,
  },
  {
    ...{
      from: "nango",
      what: "an encrypted row of the table",
      key: nangoKey.toString("base64"),
      text: lines(nangoRow()),
    },
    expected: [grant(3, "meta", { account: "conn-3" })],
  },
  {
    ...{ from: "nango", what: "the table in CSV, with an API key", key: nangoKey.toString("base64") },
    text: table(nangoRow(), nango(9, { credentials: { type: "API_KEY", apiKey: "canary" } })),
    expected: [grant(3, "meta", { account: "conn-3" })],
    skipped: 1,
  },
  {
    ...{ from: "next-auth", what: "what mongoexport writes" },
    text: lines({
      ...{
        _id: { $oid: "66" },
        userId: { $oid: "user-1" },
        type: "oidc",
        provider: "azure-ad",
        providerAccountId: "1",
      },
      ...{ access_token: "canary-a1", refresh_token: "canary-r1", expires_at: { $numberLong: String(seconds) } },
    }),
    expected: [grant(1, "microsoft")],
  },
  {
    ...{ from: "n8n", what: "a decrypted export", args: ["--user", "ada"] },
    text: JSON.stringify([
      n8n("id1", "gmailOAuth2", n8nData(1)),
      n8n("id9", "httpBasicAuth", { user: "u", password: "canary" }),
    ]),
    expected: [grant(1, "gmail", { userId: "ada", account: "id1", more: { display_name: "My gmailOAuth2" } })],
    skipped: 1,
  },
  {
    ...{ from: "n8n", what: "an encrypted export, in both of its forms", args: ["--user", "ada"] },
    text: JSON.stringify([
      n8n("id1", "hubspotOAuth2Api", cryptoJs(JSON.stringify(n8nData(1)), gcmKey.toString("hex"))),
      n8n("id2", "slackOAuth2Api", n8nGcm(JSON.stringify(n8nData(2)), gcmKey)),
    ]),
    key: gcmKey.toString("hex"),
    expected: [
      grant(1, "hubspot", { userId: "ada", account: "id1" }),
      grant(2, "slack", { userId: "ada", account: "id2" }),
    ],
  },
  {
    ...{ from: "next-auth", what: "rows of Prisma's adapter, ids beyond 2^53 among them" },
    text: `[${JSON.stringify({
      ...{ id: "a", userId: "user-1", type: "oidc", provider: "azure-ad", providerAccountId: "1", session_state: null },
      ...{ refresh_token: "canary-r1", access_token: "canary-a1", expires_at: seconds, scope: "openid profile" },
      ...{ token_type: "bearer", id_token: null },
    })},
    {"userId": 2, "type": "oauth", "provider": "facebook", "providerAccountId": 10160123456789012345,
     "access_token": "canary-a2", "refresh_token": null, "expires_at": ${seconds}, "token_type": "bearer"},
    {"userId": 3, "type": "email", "provider": "email", "providerAccountId": "ada@example.com"}]`,
    expected: [
      grant(1, "microsoft", { scopes: ["openid", "profile"], more: { token_type: "bearer" } }),
      grant(2, "meta", { userId: "2", account: "10160123456789012345", refreshToken: null }),
    ],
    skipped: 1,
  },
  {
    ...{ from: "next-auth", what: "a table of Postgres in CSV, with snake case" },
    text: `user_id,type,provider,provider_account_id,access_token,refresh_token,expires_at\r\nuser-1,oauth,github,1,canary-a1,canary-r1,${seconds * 1000}\r\nuser-2,oauth,github,2,canary-a2,\\N,\\N\r\n`,
    expected: [
      grant(1, "github-app"),
      { userId: "user-2", provider: "github-oauth-app", account: "2", accessToken: "canary-a2", refreshToken: null },
    ],
  },
  {
    ...{ from: "better-auth", what: "rows in plain, a password among them" },
    text: lines(betterAuth(1), betterAuth(9, { providerId: "credential", accessToken: null, password: "canary-hash" })),
    expected: [grant(1, "x", { scopes: ["tweet.read", "users.read"] })],
    skipped: 1,
  },
  {
    ...{ from: "better-auth", what: "encrypted tokens, of both envelopes", key: "better-auth-secret" },
    text: lines(
      betterAuth(1, {
        accessToken: betterAuthSealed("canary-a1", "better-auth-secret"),
        refreshToken: `$ba$2$${betterAuthSealed("canary-r1", "better-auth-secret")}`,
      }),
    ),
    expected: [grant(1, "x")],
  },
  {
    ...{
      from: "laravel",
      what: "columns by Crypt::encrypt and by the cast",
      key: `base64:${appKey.toString("base64")}`,
    },
    text: JSON.stringify([
      {
        ...{
          id: 1,
          user_id: 1,
          provider: "linkedin-openid",
          provider_id: "1",
          token: laravelSealed('s:9:"canary-a1";'),
        },
        ...{
          refresh_token: laravelSealed("canary-r1"),
          expires_at: endsAt.toISOString().slice(0, 19).replace("T", " "),
        },
        ...{ approved_scopes: '["openid","profile"]', avatar: null, created_at: null, updated_at: null },
      },
    ]),
    expected: [grant(1, "linkedin", { userId: "1", scopes: ["openid", "profile"] })],
  },
  {
    ...{ from: "laravel", what: "columns of other names, and seconds from when the row was written" },
    args: ["--map", "owner_id=userId", "--map", "remote_id=externalAccountId", "--provider", "goog=gmail"],
    text: `owner_id;user_id;remote_id;provider;token;refresh_token;expires_in;updated_at\nuser-1;7;1;goog;canary-a1;canary-r1;3599;${obtained.slice(0, 19).replace("T", " ")}\n`,
    expected: [grant(1, "gmail")],
  },
  {
    ...{
      from: "airbyte",
      what: "configurations with secrets, and one whose secrets are hidden",
      args: ["--user", "ada"],
    },
    text: JSON.stringify({
      data: [
        {
          ...{ sourceId: "s1", name: "Sales", sourceType: "hubspot", workspaceId: "w", createdAt: 1_795_000_000 },
          configuration: {
            start_date: "2020-01-01",
            credentials: {
              ...{ credentials_title: "OAuth Credentials", client_id: "client", client_secret: "canary-secret" },
              refresh_token: "canary-r1",
            },
          },
        },
        {
          ...{ sourceId: "s2", name: "Table", sourceType: "airtable", workspaceId: "w" },
          configuration: {
            credentials: {
              ...{ auth_method: "oauth2.0", access_token: "canary-a2", refresh_token: "canary-r2" },
              token_expiry_date: endsAt.toISOString(),
            },
          },
        },
        {
          sourceId: "s3",
          name: "H",
          sourceType: "hubspot",
          configuration: { credentials: { refresh_token: "**********" } },
        },
      ],
    }),
    expected: [
      { userId: "ada", provider: "hubspot", account: "s1", accessToken: null, refreshToken: "canary-r1" },
      grant(2, "airtable", { userId: "ada", account: "s2" }),
    ],
    skipped: 1,
  },
  {
    ...{
      from: "google",
      what: "tokens of Node, with an id token",
      args: ["--user", "ada", "--registration", "default"],
    },
    text: JSON.stringify({
      ...{ access_token: "canary-a1", refresh_token: "canary-r1", token_type: "Bearer", expiry_date: seconds * 1000 },
      ...{ scope: "https://www.googleapis.com/auth/gmail.readonly openid", id_token: idToken },
    }),
    expected: [grant(1, "gmail", { userId: "ada", account: "1155", more: { display_name: "ada@example.com" } })],
  },
  {
    ...{ from: "google", what: "token.json of Python", args: ["--user", "ada"] },
    text: JSON.stringify({
      ...{ token: "canary-a1", refresh_token: "canary-r1", token_uri: "https://oauth2.googleapis.com/token" },
      ...{
        client_id: "client",
        client_secret: "canary-secret",
        scopes: ["https://www.googleapis.com/auth/drive.file"],
      },
      ...{ universe_domain: "googleapis.com", account: "", expiry: endsAt.toISOString().replace("000Z", "000000Z") },
    }),
    expected: [grant(1, "google-drive", { userId: "ada", account: "default" })],
  },
  {
    ...{ from: "adc", what: "what gcloud writes", args: ["--user", "ada", "--provider", "google-drive"] },
    text: JSON.stringify({
      ...{ account: "", client_id: "client", client_secret: "canary-secret", refresh_token: "canary-r1" },
      ...{ type: "authorized_user", universe_domain: "googleapis.com", quota_project_id: "p" },
    }),
    expected: [
      { userId: "ada", provider: "google-drive", account: "default", accessToken: null, refreshToken: "canary-r1" },
    ],
  },
  {
    ...{ from: "rclone", what: "a configuration", args: ["--user", "ada"], text: rcloneConf },
    ...{ expected: rcloneExpected, skipped: 1 },
  },
  {
    ...{
      from: "rclone",
      what: "an encrypted configuration",
      args: ["--user", "ada"],
      text: rcloneSealed("open sesame"),
    },
    ...{ key: "open sesame", expected: rcloneExpected, skipped: 1 },
  },
  {
    ...{ from: "supabase", what: "identities that an app has kept tokens beside" },
    text: lines(
      {
        ...{ user_id: "user-1", provider: "linkedin_oidc", provider_id: "1", identity_data: { sub: "1", name: "Ada" } },
        ...{ provider_token: "canary-a1", provider_refresh_token: "canary-r1", provider_token_expires_at: sql },
      },
      { user_id: "user-2", provider: "google", provider_id: "2", identity_data: { sub: "2" }, email: "x@example.com" },
    ),
    expected: [grant(1, "linkedin", { more: { display_name: "Ada" } })],
    skipped: 1,
  },
  {
    ...{ from: "csv", what: "a table with a mark of UTF-8 and names of its own" },
    text: `\uFEFFUser ID;Provider;Account-ID;Access Token;Refresh Token;Expires At;Scopes;Tags\r\nuser-1;dropbox;1;canary-a1;canary-r1;${sql};"a b";"gold,eu"\r\n`,
    expected: [grant(1, "dropbox", { scopes: ["a", "b"], more: { tags: ["eu", "gold"] } })],
  },
];
