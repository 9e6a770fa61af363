import type { Env } from "@evertoken/adapters";

const clientId = "evertoken-demo";
const redirectUri = "http://127.0.0.1:3000/callback";

/** The demo server as its own process wants it, and as a provider that is defined by variables alone. */
export interface DemoSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  /** For the demo's process. */
  readonly server: Readonly<Record<string, string>>;
  /** For all others, the CLI included. */
  readonly provider: Readonly<Record<string, string>>;
}

/** @param callbacks of the API: people connect accounts of the demo there */
export function demoSettings(env: Env, port: number, dataFile: string, callbacks: readonly string[]): DemoSettings {
  const issuer = `http://127.0.0.1:${port}`;
  const clientSecret = env.DEMO_CLIENT_SECRET ?? "";
  const others = (env.EVERTOKEN_GENERIC_PROVIDERS ?? "").split(/[\s,]+/).filter((id) => id !== "" && id !== "demo");
  return {
    ...{ issuer, clientId, clientSecret, redirectUri },
    server: {
      DEMO_HOST: "127.0.0.1",
      DEMO_PORT: String(port),
      DEMO_DATA_FILE: dataFile,
      DEMO_CLIENT_ID: clientId,
      DEMO_CLIENT_SECRET: clientSecret,
      DEMO_REDIRECT_URIS: [redirectUri, ...callbacks].join(","),
    },
    provider: {
      EVERTOKEN_GENERIC_PROVIDERS: [...others, "demo"].join(","),
      // The demo runs on this machine.
      EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "true",
      DEMO_NAME: "Demo",
      DEMO_ISSUER: issuer,
      DEMO_AUTHORIZE_URL: `${issuer}/auth`,
      // Without it the server gives no refresh token (OpenID Connect Core section 11).
      DEMO_AUTHORIZE_PARAMETERS: "prompt=consent",
      DEMO_TOKEN_URL: `${issuer}/token`,
      DEMO_REVOKE_URL: `${issuer}/token/revocation`,
      DEMO_IDENTITY_URL: `${issuer}/me`,
      DEMO_IDENTITY_ID: "sub",
      DEMO_SCOPES: "openid profile email offline_access",
      DEMO_CLIENT_ID: clientId,
      DEMO_LIFETIME_SECONDS: "120",
      DEMO_ROTATION: "single_use",
    },
  };
}
