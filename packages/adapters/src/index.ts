export { formatDuration } from "./format-duration.ts";
export { isSameSecret } from "./is-same-secret.ts";
export { createLogger, describeError, type Logger } from "./logger.ts";
export { didYouMean } from "./near-name.ts";
export { onceAMinute } from "./once-a-minute.ts";
export { checkRedis, describeTrouble, lastSaid, otherKind, type RedisFinding, tryWrite } from "./redis/check-redis.ts";
export { type Copies, createCopies } from "./redis/copies.ts";
export { createInstallationMemory, type InstallationMemory } from "./redis/installation-memory.ts";
export { checkJobs, type JobStanding, oldestDelayed } from "./redis/job-check.ts";
export { markJobsAhead } from "./redis/jobs-ahead.ts";
export { createLimits, type Limit, type Limiter, type Limits } from "./redis/limits.ts";
export { networkOf } from "./redis/network-of.ts";
export {
  createQueues,
  type Due,
  type FixedQueue,
  fixedQueues,
  type Queues,
  queuePrefix,
  syncQueue,
} from "./redis/queues.ts";
export { queuesWithJobs } from "./redis/queues-with-jobs.ts";
export { connectRedis, impatient, patient, type RedisClient } from "./redis/redis.ts";
export { type RedisTrouble, redisAdvice, redisTrouble } from "./redis/redis-trouble.ts";
export {
  addSync,
  followSync,
  isLastAttempt,
  restoreSyncJobs,
  type SyncJob,
  type SyncJobData,
  type SyncStep,
  startSyncWorker,
} from "./redis/sync-queue.ts";
export { answerWithin, closeWorkers, RunningWork, within } from "./running-work.ts";
export { type Config, ConfigError, type OpenIdSettings, readConfig, readEngineConfig } from "./settings/config.ts";
export { nearSetting, recordNames } from "./settings/known-settings.ts";
export { isMailAddress, type NotifyConfig } from "./settings/notify-config.ts";
export { noRedis, type RedisPlace, redisAt } from "./settings/redis-place.ts";
export type { Env, ToldSetting, TrustedProxies } from "./settings/settings-reader.ts";
export type { SpoolFault } from "./spool/faults.ts";
export { createSpool, type DrainableSpool } from "./spool/spool.ts";
export { type BatcherOptions, createBatcher, defaultBatching } from "./store/batcher.ts";
export {
  type BulkActionRow,
  type BulkCounts,
  type BulkItem,
  bulkActionRow,
  bulkItems,
  chooseForBulk,
  countBulkItems,
  endBulkItems,
  endChoosing,
  finishBulkAction,
  type NamedBulkItem,
  noteBulkAction,
  openBulkItems,
  pruneBulkActions,
  refreshedSince,
} from "./store/bulk-actions.ts";
export { claimAgain } from "./store/claim-again.ts";
export { type ComingRefreshes, comingRefreshes, endingConsents } from "./store/coming-refreshes.ts";
export { mostChildren, type Relative, type Surroundings, surroundingsOf } from "./store/connection-surroundings.ts";
export * from "./store/connections.ts";
export { type CountedConnections, countConnections, expirySteps } from "./store/count-connections.ts";
export { DatabaseClock } from "./store/database-clock.ts";
export * from "./store/disconnect.ts";
export { beginPresentForm, checkKeyring } from "./store/encryption-keys.ts";
export { pruneFaults } from "./store/faults.ts";
export { type AccountKey, grantHoldings, knownAccounts } from "./store/foresee-imports.ts";
export { givenRows } from "./store/given-rows.ts";
export * from "./store/grant-holders.ts";
export { loadHashKey } from "./store/hash-key.ts";
export { idsBeginning } from "./store/ids-beginning.ts";
export {
  adoptInstallation,
  createReadInstallation,
  foundInstallation,
  type Ground,
  goOn,
  holdInstallation,
  type InstallationFacts,
  moveBeat,
  nowhere,
  withInstallationLock,
} from "./store/installation.ts";
export { issuedAt } from "./store/issued-at.ts";
export { type LateProvider, lateConnections } from "./store/late-refreshes.ts";
export {
  countAmong,
  countListed,
  type ListBucket,
  type ListedConnection,
  type ListOrder,
  type ListTime,
  listConnectionsByTime,
  listConnectionsWithout,
  listedByIds,
} from "./store/list-connections.ts";
export { type LogSize, logSize } from "./store/log-size.ts";
export {
  attemptsBetween,
  behindInDeriving,
  countExpiring,
  type DueRow,
  duePage,
  dueSoonPage,
  type LateRow,
  latePage,
  makeDue,
  markExpired,
  oddJobs,
  type SoonRow,
} from "./store/maintenance.ts";
export { countOlder, markOlder, releaseOlder } from "./store/newer-generations.ts";
export {
  type Affected,
  countHeldUp,
  countOutages,
  type HeldUp,
  mostHeldUp,
  type OutageCount,
  type OutageGroup,
  outageGroups,
} from "./store/outages.ts";
export { deliverOutbox, type OutboxEvent } from "./store/outbox.ts";
export { makePartitions, ownsPartitions, partitionedTables } from "./store/partitions.ts";
export { createPool } from "./store/pool.ts";
export {
  describePostgresTrouble,
  knownPostgresTrouble,
  type PostgresTrouble,
  postgresAdvice,
  postgresTrouble,
} from "./store/postgres-trouble.ts";
export {
  forgetProcess,
  type LiveProcess,
  liveProcesses,
  noteProcess,
  presenceMs,
} from "./store/processes.ts";
export {
  closeCircuitOfOtherSecret,
  closeCircuits,
  closeLeftCircuits,
  type ProviderStateRow,
  providerStates,
} from "./store/provider-states.ts";
export { type LogKept, pruneAudit, pruneLog, pruneOutbox } from "./store/prune.ts";
export { troubleWithRecord } from "./store/record-trouble.ts";
export {
  type AttemptFilter,
  type AttemptsOfConnection,
  connectionsOfAttempts,
  connectionsOfUser,
  type LoggedAttempt,
  listAttempts,
  mostLookedAt,
} from "./store/refresh-attempts.ts";
export {
  addUpRefreshes,
  type DurationCount,
  pruneRefreshStats,
  type RefreshCount,
  type RefreshStats,
  refreshStats,
} from "./store/refresh-stats.ts";
export { refusalsAfter } from "./store/refusals.ts";
export {
  areRevocationsDue,
  claimRevocations,
  dropRevocation,
  expireRevocations,
  livesByTheSame,
  type Revocation,
} from "./store/revocations.ts";
export { readSchemaState, type SchemaState, tryPrepared } from "./store/schema-state.ts";
export { searchConnections } from "./store/search-connections.ts";
export { createStore } from "./store/store.ts";
export { countConnectionsByStatus, countInStore, type StatusCount } from "./store/store-counts.ts";
export { type ChangedTags, changeTags, knownTags, type TagChange } from "./store/tags.ts";
export { recordTaskRun, taskAges } from "./store/task-runs.ts";
export { tellSql } from "./store/tell-sql.ts";
export { type Timeline, type TimelineEntry, type TimelinePlace, timeline } from "./store/timeline.ts";
export { uncommitted } from "./store/uncommitted.ts";
export { createWantsRefreshed } from "./store/wants-refreshed.ts";
export { createKeyring, type Keyring, VaultError } from "./vault.ts";
export { wait } from "./wait.ts";
