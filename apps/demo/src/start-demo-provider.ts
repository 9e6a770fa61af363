import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type ConnectionLimits,
  connectionLimits,
  limitConnections,
  serverOptions,
} from "@evertoken/operations/limit-connections";
import { type Configuration, errors, Provider } from "oidc-provider";
import { type DemoStore, openDemoStore } from "./demo-store.ts";
import { type Context, createInteractions, type Middleware } from "./interactions.ts";
import { messagePage, pageHeaders } from "./pages.ts";
import { createPresentationRecord, type DemoRecord } from "./presentation-record.ts";

export type DemoProviderOptions = {
  /** 0 takes a free one. */
  port: number;
  host?: string;
  /** Where grants and the record survive a restart. */
  dataFile: string;
  accessTokenTtlSeconds?: number;
  clientId: string;
  clientSecret: string;
  redirectUris: string[];
  connections?: ConnectionLimits;
};

export type DemoProvider = {
  issuer: string;
  authorizeUrl: string;
  tokenUrl: string;
  revokeUrl: string;
  introspectUrl: string;
  identityUrl: string;
  recordUrl: string;
  record(): DemoRecord;
  stop(): Promise<void>;
};

const clientName = "Evertoken";
const day = 24 * 60 * 60;
const pruneEveryMs = 10 * 60 * 1000;

function configuration(options: DemoProviderOptions, store: DemoStore): Configuration {
  const accessTokenTtlSeconds = options.accessTokenTtlSeconds ?? 120;
  return {
    adapter: store.adapter,
    jwks: { keys: [store.signingKey()] },
    cookies: { keys: [store.cookieKey()] },
    clients: [
      {
        client_id: options.clientId,
        client_secret: options.clientSecret,
        client_name: clientName,
        redirect_uris: options.redirectUris,
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
    ],
    scopes: ["openid", "offline_access"],
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    pkce: { required: () => true },
    // A refresh token is good once; presenting a consumed one revokes the whole grant (RFC 9700 section 4.14.2).
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenTtlSeconds,
      AuthorizationCode: 60,
      IdToken: accessTokenTtlSeconds,
      Interaction: 60 * 60,
      RefreshToken: 60 * day,
      Session: 14 * day,
      // A grant that ended would end its refresh tokens with it, however often they rotated.
      Grant: 3650 * day,
    },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: { enabled: false },
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    clientBasedCORS: () => false,
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: id, email: `${encodeURIComponent(id.replaceAll(" ", "."))}@demo.example` }),
    }),
    renderError: (ctx, out) => {
      ctx.set(pageHeaders);
      ctx.body = messagePage("That did not work", out.error_description ?? out.error);
    },
  };
}

/** Writes down each refresh token that was presented and what was answered. */
function recordPresentations(record: ReturnType<typeof createPresentationRecord>): Middleware {
  return async (ctx, next) => {
    await next();
    const refreshToken = ctx.oidc?.params?.refresh_token;
    if (ctx.path !== "/token" || typeof refreshToken !== "string") return;
    const answer =
      ctx.status === 200 ? "granted" : String((ctx.body as { error?: string } | null)?.error ?? ctx.status);
    record.add({ refreshToken, account: ctx.oidc.entities.Account?.accountId ?? null, answer, atMs: Date.now() });
  };
}

function serveRecord(record: ReturnType<typeof createPresentationRecord>): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== "/demo/record" || ctx.method !== "GET") return next();
    ctx.set("cache-control", "no-store");
    ctx.body = record.read();
  };
}

/** A page for what fails outside of the provider's own routes, such as an interaction that is over. */
const showErrors: Middleware = async (ctx: Context, next) => {
  try {
    await next();
  } catch (error) {
    const status = error instanceof errors.OIDCProviderError ? error.statusCode : (error as { status?: number }).status;
    ctx.status = status ?? 500;
    ctx.set(pageHeaders);
    ctx.body = messagePage("That did not work", "This page is no longer valid. Please start again from the app.");
  }
};

/**
 * A real OAuth 2.0 and OpenID Connect server: two-minute access tokens, refresh tokens that are good once. A refresh token comes with
 * `scope=openid offline_access` and `prompt=consent`; PKCE is required.
 */
export async function startDemoProvider(options: DemoProviderOptions): Promise<DemoProvider> {
  const host = options.host ?? "127.0.0.1";
  const store = openDemoStore(options.dataFile);
  const record = createPresentationRecord(store.database);
  const { connections = connectionLimits } = options;
  const server = createServer(serverOptions(connections));
  limitConnections(server, connections);
  // The issuer contains the port, so that it must be known before the provider exists.
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, host, resolve);
  }).catch((error) => {
    store.close();
    throw error;
  });
  const issuer = `http://${host}:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, configuration(options, store));
  provider.use(showErrors);
  provider.use(serveRecord(record));
  provider.use(createInteractions(provider, clientName));
  provider.use(recordPresentations(record));
  server.on("request", provider.callback());
  store.prune();
  const pruning = setInterval(store.prune, pruneEveryMs);
  pruning.unref();

  return {
    issuer,
    authorizeUrl: `${issuer}/auth`,
    tokenUrl: `${issuer}/token`,
    revokeUrl: `${issuer}/token/revocation`,
    introspectUrl: `${issuer}/token/introspection`,
    identityUrl: `${issuer}/me`,
    recordUrl: `${issuer}/demo/record`,
    record: record.read,
    async stop() {
      clearInterval(pruning);
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      // A request that is being answered may finish; a client that holds its connection open may not keep the server.
      const cut = setTimeout(() => server.closeAllConnections(), 2000);
      await closed;
      clearTimeout(cut);
      store.close();
    },
  };
}
