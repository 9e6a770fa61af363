import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { seededRandom } from "./seeded-random.ts";
import { type Behaviour, createBehaviourPlans } from "./token-server-behaviour.ts";
import { type AuthorizeSettings, createEndpoints } from "./token-server-endpoints.ts";
import { createFamilies } from "./token-server-families.ts";
import { createGates, type HoldOptions } from "./token-server-gates.ts";
import { createLedger, hashToken, type LedgerCounts, type Presentation } from "./token-server-ledger.ts";
import type { RegisteredClient } from "./token-server-request.ts";
import { defaultSettings, lifetimeOf, type TokenServerSettings } from "./token-server-settings.ts";

export { type Behaviour, lies } from "./token-server-behaviour.ts";
export { hashToken, type Presentation } from "./token-server-ledger.ts";
export type { TokenServerSettings } from "./token-server-settings.ts";

export type TokenServerOptions = {
  port?: number;
  host?: string;
  /** Stands at the start of each token value, so that a test can look for it in all output. */
  marker?: string;
  settings?: Partial<TokenServerSettings>;
  /** With it, the token endpoint takes no other client; without it, any. */
  client?: RegisteredClient;
  /** Seed of the `mix` behaviour. */
  seed?: number;
  /** How many presentations are remembered; all are counted. */
  presentationLimit?: number;
};

export type IssuedTokenSet = {
  family: string;
  accountId: string;
  accessToken: string;
  refreshToken: string;
  tokenType: "Bearer";
  expiresInSeconds: number;
  expiresAtMs: number;
  scopes: string[];
};

export type TokenServerUrls = {
  url: string;
  tokenUrl: string;
  authorizeUrl: string;
  revokeUrl: string;
  identityUrl: string;
};

export type TokenServerSummary = LedgerCounts & {
  /** Requests to addresses that do not exist, for example by following a redirect. */
  strays: number;
  inFlight: number;
  held: number;
  identity: { answered: number; unauthorized: number };
  families: { alive: number; revoked: number };
};

export type TokenState = { family: string | null; state: "current" | "spent" | "unknown"; alive: boolean };

/** All answers are promises, so that a server in this process and one in its own are used alike. */
export type TokenServer = TokenServerUrls & {
  issue(options?: { count?: number; expiresIn?: number }): Promise<IssuedTokenSet[]>;
  configure(settings: Partial<TokenServerSettings>, scope?: { family?: string }): Promise<void>;
  /** The registration that is taken from now on; null takes any. */
  setClient(client: RegisteredClient | null): Promise<void>;
  setAuthorize(settings: AuthorizeSettings): Promise<void>;
  /** For the next `next` requests, or until changed; of one family, or of all that have no plan of their own. */
  behave(behaviour: Behaviour, scope?: { family?: string; next?: number }): Promise<void>;
  hold(options?: HoldOptions): Promise<string>;
  release(id?: string): Promise<number>;
  /** Resolves once so many requests in all have been received by the token endpoint, counted since the start. */
  arrived(options?: { family?: string; atLeast?: number; timeoutMs?: number }): Promise<void>;
  /** Resolves once so many requests stand at gates. */
  holding(options?: { id?: string; atLeast?: number; timeoutMs?: number }): Promise<void>;
  /** Resolves once no request is in flight. */
  idle(options?: { timeoutMs?: number }): Promise<void>;
  invalidateAccessToken(accessToken: string): Promise<void>;
  revokeFamily(family: string): Promise<void>;
  /** Judges refresh tokens without presenting them, for example all that a database holds after a torture run. */
  inspect(refreshTokens: string[]): Promise<TokenState[]>;
  presentations(options?: { family?: string; token?: string }): Promise<Presentation[]>;
  summary(): Promise<TokenServerSummary>;
  stop(): Promise<void>;
};

const defaultTimeoutMs = 10_000;

/** A strict, fast OAuth 2.0 token endpoint whose faults are chosen by the test. */
export async function startTokenServer(options: TokenServerOptions = {}): Promise<TokenServer> {
  const now = () => Date.now();
  const families = createFamilies({ marker: options.marker ?? "canary", now });
  const plans = createBehaviourPlans(seededRandom(options.seed ?? 1));
  const gates = createGates();
  const ledger = createLedger({ limit: options.presentationLimit ?? 1_000_000, now });
  const settings = {
    global: { ...defaultSettings, ...options.settings },
    byFamily: new Map<string, Partial<TokenServerSettings>>(),
  };
  const endpoints = createEndpoints({ families, plans, gates, ledger, settings, client: options.client ?? null });

  const server = createServer(endpoints.handle);
  // A server that closes idle connections of its own accord makes resets that no test asked for.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET") ledger.reset(socket as Parameters<typeof ledger.reset>[0]);
    socket.destroy();
  });
  const host = options.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, 4096, resolve);
  });
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;

  const arrivals = (family: string | undefined) =>
    family === undefined ? ledger.counts.requests : (families.get(family)?.arrivals ?? 0);

  return {
    url,
    tokenUrl: `${url}/token`,
    authorizeUrl: `${url}/authorize`,
    revokeUrl: `${url}/revoke`,
    identityUrl: `${url}/me`,

    async issue({ count = 1, expiresIn = lifetimeOf(settings.global) } = {}) {
      return Array.from({ length: count }, () => {
        const { family, accessToken, refreshToken } = families.open(expiresIn);
        return {
          family: family.id,
          accountId: `account-${family.id}`,
          accessToken,
          refreshToken,
          tokenType: "Bearer" as const,
          expiresInSeconds: expiresIn,
          expiresAtMs: now() + expiresIn * 1000,
          scopes: ["profile"],
        };
      });
    },

    async configure(changes, { family } = {}) {
      if (family === undefined) Object.assign(settings.global, changes);
      else settings.byFamily.set(family, { ...settings.byFamily.get(family), ...changes });
    },
    setClient: async (client) => endpoints.setClient(client),
    setAuthorize: async (authorize) => endpoints.setAuthorize(authorize),
    behave: async (behaviour, scope) => plans.set(behaviour, scope),
    hold: async (hold) => gates.hold(hold),
    release: async (id) => gates.release(id),

    arrived({ family, atLeast = 1, timeoutMs = defaultTimeoutMs } = {}) {
      const seen = () => `${atLeast} requests of ${family ?? "any family"}, saw ${arrivals(family)}`;
      return gates.until(() => arrivals(family) >= atLeast, timeoutMs, seen);
    },
    holding({ id, atLeast = 1, timeoutMs = defaultTimeoutMs } = {}) {
      const seen = () => `${atLeast} held requests, saw ${gates.held(id)}`;
      return gates.until(() => gates.held(id) >= atLeast, timeoutMs, seen);
    },
    idle: ({ timeoutMs = defaultTimeoutMs } = {}) =>
      gates.until(
        () => endpoints.inFlight() === 0,
        timeoutMs,
        () => `no request in flight, saw ${endpoints.inFlight()}`,
      ),

    invalidateAccessToken: async (accessToken) => families.invalidate(accessToken),
    async revokeFamily(id) {
      const family = families.get(id);
      if (!family) throw new Error(`no family ${id}`);
      families.revoke(family);
    },
    async inspect(refreshTokens) {
      return refreshTokens.map((token): TokenState => {
        const read = families.readRefreshToken(token);
        if (!read) return { family: null, state: "unknown", alive: false };
        const state = read.generation === read.family.generation ? "current" : "spent";
        return { family: read.family.id, state, alive: !read.family.revoked };
      });
    },
    async presentations({ family, token } = {}) {
      const tokenHash = token === undefined ? undefined : hashToken(token);
      return ledger.entries(family).filter((entry) => tokenHash === undefined || entry.tokenHash === tokenHash);
    },
    async summary() {
      return {
        ...ledger.counts,
        strays: endpoints.strays(),
        inFlight: endpoints.inFlight(),
        held: gates.held(),
        identity: endpoints.identityCounts(),
        families: families.count(),
      };
    },
    stop() {
      gates.release();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
