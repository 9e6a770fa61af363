import { join } from "node:path";
import type { createLogger } from "@evertoken/adapters";
import { type DemoProvider, followAuthorization, startDemoProvider } from "@evertoken/demo";
import { type Authorization, authorize, type Engine } from "@evertoken/engine/internal";
import { engineOf } from "./engine-of.ts";
import { createRig, type Env, type Rig } from "./rig.ts";
import { onFileEnd, temporaryDirectory } from "./services.ts";
import { startTokenServer, type TokenServer } from "./token-server.ts";

export const publicUrl = "http://127.0.0.1:9013";
/** A page of the app, which knows the session's binding. */
export const redirectUri = "https://app.example/callback";
export const returnUrl = "https://app.example/done";
export const binding = "of the session of u";

/** An engine that can connect accounts at a token server (`acme`, consent given at once) and at the demo server (`demo`). */
export interface ConnectRig extends Rig {
  readonly engine: Engine;
  /** All that the engine has logged. */
  readonly logger: ReturnType<typeof createLogger>;
  engineOutput(): string;
}

export async function createConnectRig(env: Env = {}, server?: TokenServer): Promise<ConnectRig> {
  const acme =
    server ?? (await startTokenServer({ marker: "canary", client: { id: "client", secret: "client-secret" } }));
  const rig = await createRig({
    server: acme,
    env: {
      PUBLIC_URL: publicUrl,
      RETURN_URL_ALLOWLIST: "https://app.example, https://other.example/settings",
      ACME_AUTHORIZE_URL: acme.authorizeUrl,
      ACME_SCOPES: "profile",
      ...env,
    },
  });
  return { ...rig, ...openTestEngine(rig.env) };
}

export function openTestEngine(env: Env) {
  const { engine, logger, output } = engineOf(env, "impatient");
  return { engine, logger, engineOutput: output };
}

/** The demo server, and the settings that make it a provider. */
export async function startDemo(redirectUris: string[] = [redirectUri]): Promise<{ demo: DemoProvider; env: Env }> {
  const client = { clientId: "evertoken-demo", clientSecret: "demo secret +:" };
  const dataFile = join(await temporaryDirectory(), "demo.sqlite");
  const demo = await startDemoProvider({ port: 0, dataFile, ...client, redirectUris });
  // A test may have stopped it.
  onFileEnd(() => demo.stop().catch(() => {}));
  return {
    demo,
    env: {
      EVERTOKEN_GENERIC_PROVIDERS: "acme,demo",
      DEMO_NAME: "Demo",
      DEMO_ISSUER: demo.issuer,
      DEMO_AUTHORIZE_URL: demo.authorizeUrl,
      DEMO_AUTHORIZE_PARAMETERS: "prompt=consent",
      DEMO_TOKEN_URL: demo.tokenUrl,
      DEMO_REVOKE_URL: demo.revokeUrl,
      DEMO_IDENTITY_URL: demo.identityUrl,
      DEMO_SCOPES: "openid profile email offline_access",
      DEMO_CLIENT_ID: client.clientId,
      DEMO_CLIENT_SECRET: client.clientSecret,
      DEMO_LIFETIME_SECONDS: "120",
    },
  };
}

/** Whether the demo server still takes a token (RFC 7662). */
export async function isActive(demo: DemoProvider, token: string): Promise<boolean> {
  const authorization = `Basic ${Buffer.from(`evertoken-demo:${encodeURIComponent("demo secret +:")}`).toString("base64")}`;
  const response = await fetch(demo.introspectUrl, {
    method: "POST",
    headers: { authorization },
    body: new URLSearchParams({ token }),
  });
  return ((await response.json()) as { active: boolean }).active;
}

/** Begins a flow for `u` at the token server, to be completed with the binding. */
export function begin(engine: Engine, input: Partial<Parameters<typeof authorize>[1]> = {}): Promise<Authorization> {
  return authorize(engine, { userId: "u", provider: "acme", returnUrl, redirectUri, binding, ...input });
}

/** Walks through the provider's pages. @returns what comes back to the redirect URI, with the binding */
export async function consent(
  { url }: Pick<Authorization, "url">,
  login = "ada",
  decision: "allow" | "cancel" = "allow",
) {
  const target = new URL(url).pathname === "/authorize" ? await location(url) : await walk(url, login, decision);
  const back = Object.fromEntries(target.searchParams);
  const { state = "", code, error, error_description: errorDescription, iss } = back;
  return { state, code, error, errorDescription, iss, binding };
}

const walk = (authorizeUrl: string, login: string, decision: "allow" | "cancel") =>
  followAuthorization({ authorizeUrl, redirectUri: redirectUriOf(authorizeUrl), login, decision });

const redirectUriOf = (url: string) => new URL(url).searchParams.get("redirect_uri") ?? "";

async function location(url: string): Promise<URL> {
  const response = await fetch(url, { redirect: "manual" });
  return new URL(response.headers.get("location") ?? "");
}
