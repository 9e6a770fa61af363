import { ConfigError, type Env, impatient, readConfig } from "@evertoken/adapters";
import type { Evertoken, RefreshOptions, Target } from "@evertoken/client";
import { checkedCalls } from "@evertoken/client/internal";
import { catalogue, createProviders, readProviderSettings } from "@evertoken/providers";
import { audited } from "./audited.ts";
import { refreshAllExpiring } from "./bulk/bulk-refresh.ts";
import { authorize } from "./connect/authorize.ts";
import { completeConnect } from "./connect/complete-connect.ts";
import { confirmConnect } from "./connect/confirm-connect.ts";
import { makeConnectLink } from "./connect/connect-link.ts";
import { endConnectSessions } from "./connect/connect-sessions.ts";
import { getConnection, listConnections, refreshLog, userHealth } from "./connect/connections.ts";
import { disconnectAndRevoke } from "./connect/disconnect-and-revoke.ts";
import { importConnection } from "./connect/import-connection.ts";
import { updateConnection } from "./connect/update-connection.ts";
import { type EmbeddedOptions, readEmbedded } from "./embedded-settings.ts";
import { type Engine, openEngine } from "./engine.ts";
import { hostActor } from "./host-actor.ts";
import { scheduleNextRefresh, scheduleNow } from "./refresh/schedule.ts";
import { requestSync } from "./sync/request-sync.ts";
import { getAccessToken, readTarget, serve } from "./token/access-token.ts";
import { FreshToken } from "./token/fresh-token.ts";
import { readTokenStatus } from "./token/token-status.ts";
import { withAccessToken } from "./token/with-access-token.ts";

/**
 * An Evertoken inside an app, straight to Postgres and Redis. Connects to nothing until it is used, and listens to nothing of the process:
 * the app calls `close` before it ends. What it changes stands in the audit log, as do the tokens that it reads, counted by the minute.
 *
 * @throws {ConfigError} that names every wrong setting
 */
export function createEvertoken(options: EmbeddedOptions): Evertoken {
  const engine = openEngine({ ...readEmbedded(options), redis: impatient, inJob: false, name: "app" });
  return checkedCalls(audited(fromEngine(engine), engine.audit, hostActor("app")));
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

/** Without a word in the audit log: whoever acts says so. */
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
      return serve(engine, await fresh.replace({ connectionId: id, generation, trigger: "manual", force }));
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
      confirm: (query, input) => confirmConnect(engine, query, input),
      link: work.watch((input) => makeConnectLink(engine, input)),
      endSessions: work.watch((userId) => endConnectSessions(engine, userId)),
    },
    connections: {
      list: work.watch((filter) => listConnections(engine, filter)),
      get: work.watch((target) => getConnection(engine, target)),
      import: work.watch((input) => importConnection(engine, input)),
      update: work.watch((id, change) => updateConnection(engine, id, change)),
      disconnect: async (id) => (await disconnectAndRevoke(engine, id)).disconnected,
      log: work.watch((id, limit) => refreshLog(engine, id, limit)),
    },
    close: () => engine.close(),
  };
}
