export type { AccessToken, Target } from "./access-token.ts";
export { nudgeDelivery } from "./announce.ts";
export {
  type ApiKeyView,
  type ApiScope,
  apiScopes,
  createApiKey,
  findApiKey,
  hashApiKey,
  listApiKeys,
  revokeApiKey,
} from "./api-keys.ts";
export { type AuditEntry, auditLog, createAudit, createReadAudit } from "./audit.ts";
export { type BulkReport, refreshAllExpiring } from "./bulk-refresh.ts";
export { bulkRefreshes } from "./bulk-refreshes.ts";
export { checkDatabase, checkSchema, faultOf, refuseUnusableDatabase } from "./check-database.ts";
export { type Authorization, type AuthorizeInput, authorize } from "./connect/authorize.ts";
export { type Completed, type ConnectAnswer, completeConnect } from "./connect/complete-connect.ts";
export {
  type ConnectLinkInput,
  type ConnectVisitor,
  connectLink,
  makeConnectLink,
  openFor,
  readConnectLink,
  sealFor,
} from "./connect/connect-link.ts";
export { type ConnectRefusalCode, refusalText } from "./connect/connect-refusal.ts";
export { type DisconnectReport, disconnectAndRevoke } from "./connect/disconnect-and-revoke.ts";
export { missingScopesOf } from "./connect/missing-scopes.ts";
export { type RegistrationInput, type RegistrationView, registrations } from "./connect/registrations.ts";
export { lookAfterRevocations, retryRevocations } from "./connect/retry-revocations.ts";
export { allowedUrl, withOutcome } from "./connect/return-url.ts";
export { type ConnectionView, refreshLog } from "./connections.ts";
export { createNotifier } from "./create-notifier.ts";
export { deriveChildren } from "./derive-children.ts";
export { type Engine, openEngine } from "./engine.ts";
export { type Evertoken, fromEngine, readSettings } from "./evertoken.ts";
export { concernsAll, EvertokenError, type EvertokenErrorCode, withQueue, withStore } from "./evertoken-error.ts";
export { createGrantHashing } from "./grants/hash-grants.ts";
export type { ImportInput } from "./import-connection.ts";
export {
  type AdoptAs,
  type Adopted,
  adopt,
  examineInstallation,
  type InstallationReport,
  releaseConnections,
} from "./installation/adopt.ts";
export { loadSettings } from "./load-settings.ts";
export { createObserver } from "./observe.ts";
export { findOldestOverdue } from "./oldest-overdue.ts";
export { prepareEngine, refuseCluster } from "./prepare-engine.ts";
export { createLiveProviders, type LiveProviders } from "./providers/live-providers.ts";
export type { ProviderSource } from "./providers/provider-source.ts";
export { type StoredProviderView, storedProviders } from "./providers/stored-providers.ts";
export { openQueues, providersAtWork } from "./providers-at-work.ts";
export { reconnectUrl } from "./reconnect-url.ts";
export { type KeyRotation, rotateKeys } from "./rotate-keys.ts";
export { ableToServe, servicesReady } from "./services-ready.ts";
export { drainSpool, SpoolDrain } from "./spool-drain.ts";
export { appHandles } from "./sync/app-handlers.ts";
export { type RequestedSync, requestSync, restoreSyncs } from "./sync/request-sync.ts";
export { runSync, type SyncResult } from "./sync/run-sync.ts";
export { createSyncJob } from "./sync/sync-job.ts";
export type { TokenStatus } from "./token-status.ts";
