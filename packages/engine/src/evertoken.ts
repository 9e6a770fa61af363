import { ConfigError, createLogger, type Env, impatient, type Logger, readConfig } from "@evertoken/adapters";
import { catalogue, createProviders, readProviderSettings } from "@evertoken/providers";
import { type BulkOptions, type BulkReport, refreshAllExpiring } from "./bulk/bulk-refresh.ts";
import { type Authorization, type AuthorizeInput, authorize } from "./connect/authorize.ts";
import { type Completed, type ConnectAnswer, completeConnect } from "./connect/complete-connect.ts";
import { type ConnectLinkInput, makeConnectLink } from "./connect/connect-link.ts";
import {
  type ConnectionFilter,
  type ConnectionView,
  getConnection,
  listConnections,
  type ProviderHealth,
  refreshLog,
  userHealth,
} from "./connect/connections.ts";
import { disconnectAndRevoke } from "./connect/disconnect-and-revoke.ts";
import { type Imported, type ImportInput, importConnection } from "./connect/import-connection.ts";
import { type Engine, openEngine } from "./engine.ts";
import { createObserver } from "./refresh/observe.ts";
import { type Scheduled, scheduleNextRefresh, scheduleNow } from "./refresh/schedule.ts";
import { type RequestedSync, requestSync } from "./sync/request-sync.ts";
import {
  type AccessToken,
  type AccessTokenOptions,
  getAccessToken,
  readTarget,
  settle,
  type Target,
} from "./token/access-token.ts";
import { FreshToken } from "./token/fresh-token.ts";
import { readTokenStatus, type TokenStatus } from "./token/token-status.ts";
import { type WithAccessTokenOptions, withAccessToken } from "./token/with-access-token.ts";

interface RefreshOptions {
  readonly force?: boolean;
  readonly generation?: number;
}

/** What apps use. Every method throws {@link EvertokenError} and says so within seconds when Postgres or Redis is away. */
export interface Evertoken {
  /** A valid token; works with Redis and the workers down. */
  getAccessToken(target: Target, options?: AccessTokenOptions): Promise<AccessToken>;
  /** Calls an API with a fresh token; on a 401 refreshes once and calls again. */
  withAccessToken<T>(
    target: Target,
    call: (token: AccessToken) => Promise<T>,
    options?: WithAccessTokenOptions,
  ): Promise<T>;
  /**
   * Refreshes now, in this process, and waits. With the `generation` of a token that the caller has seen nothing is asked when a newer
   * one is there: many callers with the same stale token cause one refresh.
   */
  refresh(target: Target, options?: RefreshOptions): Promise<AccessToken>;
  /** Brings the connection's job forward; a worker runs it. */
  scheduleNow(target: Target, options?: { force?: boolean }): Promise<Scheduled>;
  /** Puts the job where the stored expiry wants it. */
  scheduleNextRefresh(target: Target): Promise<Scheduled | null>;
  refreshAllExpiring(options?: BulkOptions): Promise<BulkReport>;
  tokenStatus(target: Target): Promise<TokenStatus>;
  health(userId: string): Promise<ProviderHealth[]>;
  /** Asks for a sync; several requests become one run. See {@link createSyncWorker} for handlers of your own. */
  sync(connectionId: string): Promise<RequestedSync>;
  /** The connect flow, for apps that have pages of their own for it. */
  readonly connect: {
    /** Where to send the user's browser. */
    authorize(input: AuthorizeInput): Promise<Authorization>;
    /** Takes the provider's answer. Never throws for what the user or the provider did. */
    complete(answer: ConnectAnswer): Promise<Completed>;
    /** A short-lived link to our connect page for one of your users. */
    link(input: ConnectLinkInput): Promise<string>;
  };
  readonly connections: {
    list(filter?: ConnectionFilter): Promise<ConnectionView[]>;
    get(id: string): Promise<ConnectionView>;
    import(input: ImportInput): Promise<Imported>;
    /** Erases the tokens, and revokes them at the provider where it can. @returns whether there was anything to disconnect */
    disconnect(id: string): Promise<boolean>;
    log(id: string, limit?: number): ReturnType<typeof refreshLog>;
  };
  /**
   * Takes no new work (`closing`), waits for what runs (SHUTDOWN_MS at most), then closes everything. Await it before the process ends:
   * a refresh that is cut off may cost the grant. Listens to no signals: when to call it is the app's business.
   */
  close(): Promise<void>;
}

/**
 * @param env where settings come from, such as `process.env`: DATABASE_URL, REDIS_URL, ENCRYPTION_KEY and the providers' registrations
 * @param readFile for `..._FILE` settings, such as `(path) => readFileSync(path, "utf8")`
 * @throws {ConfigError} that names every wrong setting
 */
export function createEvertoken(env: Env, readFile: (path: string) => string, logger?: Logger): Evertoken {
  const { config, providers } = readSettings(env, readFile);
  const log = logger ?? createLogger("evertoken", config.logLevel);
  const observe = createObserver(log, config.encryptionKeys[0] ?? "");
  return fromEngine(
    openEngine({ config, providers, logger: log, redis: impatient, observe, inJob: false, proxyEnv: env }),
  );
}

/** All settings of a process, those of the providers included. @throws {ConfigError} */
export function readSettings(env: Env, readFile: (path: string) => string) {
  const { config, faults } = readConfig(env, readFile);
  const providerSettings = readProviderSettings(env, readFile, catalogue);
  const all = [...faults, ...providerSettings.faults];
  if (all.length > 0) throw new ConfigError(all);
  const warnings = [...config.warnings, ...providerSettings.warnings];
  return { config: { ...config, warnings }, providers: createProviders(providerSettings.settings) };
}

export function fromEngine(engine: Engine): Evertoken {
  const fresh = new FreshToken(engine);
  const { work } = engine;
  // All but those that wait for somebody else: for an app's own call, or for the workers.
  return {
    getAccessToken: work.watch((target, options) => getAccessToken(engine, fresh, target, options)),
    withAccessToken: (target, call, options) => withAccessToken(engine, fresh, target, call, options),
    refresh: work.watch(async (target: Target, { force = false, generation: seen }: RefreshOptions = {}) => {
      const { id, generation: stored, expires_at: expiresAt } = await readTarget(engine, target);
      const newerLives = seen !== undefined && seen < stored && (expiresAt === null || expiresAt > engine.clock.now());
      const generation = newerLives ? seen : stored;
      return settle(engine, await fresh.replace({ connectionId: id, generation, trigger: "manual", force }));
    }),
    scheduleNow: work.watch((target, options) => scheduleNow(engine, target, options)),
    scheduleNextRefresh: work.watch((target) => scheduleNextRefresh(engine, target)),
    refreshAllExpiring: (options) => refreshAllExpiring(engine, options),
    tokenStatus: work.watch((target) => readTokenStatus(engine, target)),
    health: work.watch((userId) => userHealth(engine, userId)),
    sync: work.watch((connectionId) => requestSync(engine, connectionId, { reason: "requested" })),
    connect: {
      authorize: work.watch((input) => authorize(engine, input)),
      complete: (answer) => completeConnect(engine, answer),
      link: work.watch((input) => makeConnectLink(engine, input)),
    },
    connections: {
      list: work.watch((filter) => listConnections(engine, filter)),
      get: work.watch((id) => getConnection(engine, id)),
      import: work.watch((input) => importConnection(engine, input)),
      disconnect: async (id) => (await disconnectAndRevoke(engine, id)).disconnected,
      log: work.watch((id, limit) => refreshLog(engine, id, limit)),
    },
    close: () => engine.close(),
  };
}
