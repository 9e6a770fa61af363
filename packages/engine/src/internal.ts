export type * from "@evertoken/client";
export { EvertokenError } from "@evertoken/client";
export { type AuditFilter, auditLog, userActor } from "./audit.ts";
export type { AuditEntry, AuditTrail } from "./audit-trail.ts";
export { audited } from "./audited.ts";
export { type BulkAction, type BulkOrder, bulkActions, bulkJobName, mostChosen } from "./bulk/bulk-actions.ts";
export type { BulkDeed } from "./bulk/bulk-deeds.ts";
export { refreshAllExpiring } from "./bulk/bulk-refresh.ts";
export { bulkRefreshes, failedIdsKept } from "./bulk/bulk-refreshes.ts";
export { checkDatabase, checkSchema, faultOf, refuseUnusableDatabase } from "./check-database.ts";
export { authorize } from "./connect/authorize.ts";
export { completeConnect } from "./connect/complete-connect.ts";
export { confirmConnect } from "./connect/confirm-connect.ts";
export {
  type ConnectVisitor,
  connectLink,
  makeConnectLink,
  readConnectLink,
} from "./connect/connect-link.ts";
export { refusalText } from "./connect/connect-refusal.ts";
export {
  type BroughtLink,
  endConnectSessions,
  linkStanding,
  openConnectSession,
  pruneConnectSessions,
} from "./connect/connect-sessions.ts";
export { listConnections, refreshLog } from "./connect/connections.ts";
export { type DisconnectReport, disconnectAndRevoke } from "./connect/disconnect-and-revoke.ts";
export { type Exported, type ExportFilter, exportConnections } from "./connect/export-connections.ts";
export { openFlow, takeStart } from "./connect/oauth-states.ts";
export { dropUnconfirmed } from "./connect/pending-grants.ts";
export { createImportPlanner, type PlannedImport } from "./connect/plan-import.ts";
export { type RegistrationInput, type RegistrationView, registrations } from "./connect/registrations.ts";
export { allowedUrl, withOutcome } from "./connect/return-url.ts";
export { revokeGrant } from "./connect/revoke-grant.ts";
export { tooManyTags, updateConnection } from "./connect/update-connection.ts";
export { type Engine, openEngine } from "./engine.ts";
export { fromEngine, readSettings } from "./evertoken.ts";
export { concernsAll, withQueue, withStore } from "./evertoken-error.ts";
export { createGrantHashing } from "./grants/hash-grants.ts";
export { importFields } from "./grants/import-input.ts";
export { hostActor } from "./host-actor.ts";
export {
  type AdoptAs,
  type Adopted,
  adopt,
  examineInstallation,
  type InstallationReport,
  releaseConnections,
} from "./installation/adopt.ts";
export { isUuid } from "./is-uuid.ts";
export { loadSettings } from "./load-settings.ts";
export { prepareEngine, refuseOtherKind } from "./prepare-engine.ts";
export { createLiveProviders, type LiveProviders } from "./providers/live-providers.ts";
export type { ProviderSource } from "./providers/provider-source.ts";
export { openQueues, providersAtWork } from "./providers/providers-at-work.ts";
export { type StoredProviderView, storedProviders } from "./providers/stored-providers.ts";
export { sealStoredValues } from "./providers/stored-values.ts";
export { nudgeDelivery } from "./refresh/announce.ts";
export { drainSpool } from "./refresh/drain-spool.ts";
export type { Settled } from "./refresh/observe.ts";
export { openFor, sealFor } from "./sealed-value.ts";
export { appHandles } from "./sync/app-handlers.ts";
export { requestSync, restoreSyncs } from "./sync/request-sync.ts";
export { runSync, type SyncResult } from "./sync/run-sync.ts";
export { createSyncJob } from "./sync/sync-job.ts";
export { getAccessToken } from "./token/access-token.ts";
export { FreshToken } from "./token/fresh-token.ts";
export { reconnectUrl } from "./token/reconnect-url.ts";
export { type Actor, type Told, told } from "./told.ts";
export { version } from "./version.ts";
