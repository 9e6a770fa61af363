export { checkRedis, describeTrouble, isClusterNode, type RedisFinding, tryWrite } from "./check-redis.ts";
export { type Config, ConfigError, readConfig } from "./config.ts";
export { type Copies, createCopies } from "./copies.ts";
export { DatabaseClock } from "./database-clock.ts";
export { formatDuration } from "./format-duration.ts";
export { type HealthServer, startHealthServer } from "./health-server.ts";
export { Html, html } from "./html.ts";
export { createInstallationMemory, type InstallationMemory } from "./installation-memory.ts";
export { createLogger, createUserHash, describeError, type Logger } from "./logger.ts";
export { announceReauth } from "./maintenance/announce-reauth.ts";
export { checkJobs, type JobStanding, oldestDelayed } from "./maintenance/job-check.ts";
export { markJobsAhead } from "./maintenance/jobs-ahead.ts";
export { type Measuring, measuringQueues, measuringStore } from "./maintenance/measure.ts";
export { OrphanSearch } from "./maintenance/orphans.ts";
export { type ReconcileReport, reconcile } from "./maintenance/reconcile.ts";
export {
  isOverdue,
  lostSchedules,
  registerSchedules,
  restoreSchedules,
  type TaskName,
} from "./maintenance/schedules.ts";
export { type SweepReport, sweep } from "./maintenance/sweep.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { circuitAdvice, failureAdvice } from "./notify/advice.ts";
export { type DeliveryFilter, type DeliveryView, listDeliveries, replayDelivery } from "./notify/delivery-log.ts";
export {
  type EndpointDeps,
  type EndpointInput,
  type EndpointView,
  eventNames,
  listEndpoints,
  removeEndpoint,
  type SavedEndpoint,
  saveEndpoint,
} from "./notify/endpoints.ts";
export { endpointJob, Notifier, type NotifierDeps } from "./notify/notifier.ts";
export type { ToReconnect } from "./notify/reconnect-mail.ts";
export { createSendMail } from "./notify/send-mail.ts";
export { createWantsRefreshed } from "./notify/wants-refreshed.ts";
export { onceAMinute } from "./once-a-minute.ts";
export { createPool } from "./pool.ts";
export {
  describePostgresTrouble,
  knownPostgresTrouble,
  type PostgresTrouble,
  postgresAdvice,
  postgresTrouble,
} from "./postgres-trouble.ts";
export { createQueues, type Due, type FixedQueue, fixedQueues, type Queues, queuePrefix, syncQueue } from "./queues.ts";
export { type ReadyChecks, readiness } from "./readiness.ts";
export { connectRedis, impatient, patient } from "./redis.ts";
export { type RedisTrouble, redisAdvice, redisTrouble } from "./redis-trouble.ts";
export { type Life, runProcess } from "./run-process.ts";
export { closeWorkers, RunningWork, within } from "./running-work.ts";
export type { Env } from "./settings-reader.ts";
export type { SpoolFault } from "./spool/faults.ts";
export { createSpool, type DrainableSpool } from "./spool/spool.ts";
export { type BatcherOptions, createBatcher, defaultBatching } from "./store/batcher.ts";
export { claimAgain } from "./store/claim-again.ts";
export { mostChildren, type Relative, type Surroundings, surroundingsOf } from "./store/connection-surroundings.ts";
export * from "./store/connections.ts";
export { type CountedConnections, countConnections, expirySteps } from "./store/count-connections.ts";
export * from "./store/disconnect.ts";
export { checkKeyring } from "./store/encryption-keys.ts";
export { pruneFaults } from "./store/faults.ts";
export * from "./store/grant-holders.ts";
export { loadHashKey } from "./store/hash-key.ts";
export {
  adoptInstallation,
  createReadInstallation,
  foundInstallation,
  type Ground,
  goOn,
  holdInstallation,
  type InstallationFacts,
  moveBeat,
  withInstallationLock,
} from "./store/installation.ts";
export { issuedAt } from "./store/issued-at.ts";
export {
  countListed,
  type ListBucket,
  type ListedConnection,
  type ListOrder,
  type ListTime,
  listConnectionsByTime,
  listConnectionsWithout,
} from "./store/list-connections.ts";
export { countOlder, releaseOlder } from "./store/newer-generations.ts";
export type { OutboxEvent } from "./store/outbox.ts";
export {
  closeCircuitOfOtherSecret,
  closeCircuits,
  closeLeftCircuits,
  type ProviderStateRow,
  providerStates,
} from "./store/provider-states.ts";
export { pruneAudit, pruneLog, pruneOutbox } from "./store/prune.ts";
export {
  addUpRefreshes,
  type DurationCount,
  pruneRefreshStats,
  type RefreshCount,
  type RefreshStats,
  refreshStats,
} from "./store/refresh-stats.ts";
export { refusalOf } from "./store/refusal.ts";
export {
  areRevocationsDue,
  claimRevocations,
  dropRevocation,
  expireRevocations,
  type Revocation,
} from "./store/revocations.ts";
export { readSchemaState, type SchemaState, tryPrepared } from "./store/schema-state.ts";
export { searchConnections } from "./store/search-connections.ts";
export { createStore } from "./store/store.ts";
export { recordTaskRun, taskAges } from "./store/task-runs.ts";
export { type Timeline, type TimelineEntry, type TimelinePlace, timeline } from "./store/timeline.ts";
export { uncommitted } from "./store/uncommitted.ts";
export {
  addSync,
  followSync,
  isLastAttempt,
  restoreSyncJobs,
  type SyncJob,
  type SyncJobData,
  type SyncStep,
  startSyncWorker,
} from "./sync-queue.ts";
export { createKeyring, type Keyring, VaultError } from "./vault.ts";
