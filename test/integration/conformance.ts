import { createEvertoken, type Evertoken } from "@evertoken/client";
import { publicUrl } from "../support/connect-rig.ts";
import { type Env, hasty, type Rig } from "../support/rig.ts";
import { startTokenServer } from "../support/token-server.ts";
import { type Api, startApi } from "./api-harness.ts";

/** The two that have one interface. What is said of one in these tests is said of both. */
export const kinds = ["embedded", "over HTTP"] as const;
type Kind = (typeof kinds)[number];

export interface Conformance {
  readonly api: Api;
  readonly rig: Rig;
  /** A client as an app makes it when it starts: it remembers nothing. */
  client(kind: Kind): Evertoken;
}

/** One Evertoken with Postgres, Redis, an API process and a token server, and both clients of it. */
export async function startConformance(env: Env = {}): Promise<Conformance> {
  const server = await startTokenServer({ client: { id: "client", secret: "client-secret" } });
  const connecting = {
    PUBLIC_URL: publicUrl,
    RETURN_URL_ALLOWLIST: "https://app.example",
    RECONNECT_URL: "https://app.example/reconnect/{provider}?user={user}",
    ACME_AUTHORIZE_URL: server.authorizeUrl,
    ACME_SCOPES: "profile",
    // Longer than what a test does in it on a busy machine.
    ON_DEMAND_COOLDOWN_MS: "5000",
  };
  const api = await startApi({ server, env: { ...hasty, ...connecting, ...env } });
  const { rig, url, adminKey: key } = api;
  return { api, rig, client: (kind) => (kind === "embedded" ? rig.client : createEvertoken({ url, key })) };
}

/** What a call throws, as an app sees it. */
export async function errorOf(call: () => Promise<unknown>) {
  const error = await call().then(
    (value) => {
      throw new Error(`it did not throw, but said ${JSON.stringify(value)}`);
    },
    (reason) => reason,
  );
  const { name, code, message, reconnectUrl, consentHelps, retryAt } = error;
  return { name, code, message, reconnectUrl, consentHelps, retryAt };
}
