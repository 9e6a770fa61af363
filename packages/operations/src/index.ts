export { auditCsv, auditHead, auditRow } from "./audit-csv.ts";
export { csv } from "./csv.ts";
export { Html, html } from "./html.ts";
export { adoptAfterUpgrade } from "./keys/adopt-after-upgrade.ts";
export { adoptApiKeys } from "./keys/adopt-api-keys.ts";
export {
  type ApiKeyView,
  createApiKey,
  findApiKey,
  hashApiKey,
  listApiKeys,
  revokeApiKey,
} from "./keys/api-keys.ts";
export { type ApiScope, apiScopes, isNarrow, type KeyLimits, type KeyRights, noLimits } from "./keys/key-rights.ts";
export { type KeyRotation, rotateKeys } from "./keys/rotate-keys.ts";
export { announceReauth } from "./maintenance/announce-reauth.ts";
export { deriveChildren } from "./maintenance/derive-children.ts";
export { type LateRefreshes, lateRefreshes, pausedQueues } from "./maintenance/late-refreshes.ts";
export { OrphanSearch } from "./maintenance/orphans.ts";
export { type ReconcileReport, reconcile } from "./maintenance/reconcile.ts";
export { lookAfterRevocations, retryRevocations } from "./maintenance/retry-revocations.ts";
export {
  isOverdue,
  lostSchedules,
  registerSchedules,
  restoreSchedules,
  type TaskName,
} from "./maintenance/schedules.ts";
export { type SweepReport, sweep } from "./maintenance/sweep.ts";
export { createNotifier } from "./notify/create-notifier.ts";
export {
  type DeliveryFilter,
  type DeliveryView,
  listDeliveries,
  replayDelivery,
  replayFailed,
} from "./notify/delivery-log.ts";
export { openKinds } from "./notify/endpoint.ts";
export {
  type EndpointDeps,
  type EndpointInput,
  type EndpointView,
  endpointDepsOf,
  listEndpoints,
  removeEndpoint,
  type SavedEndpoint,
  saveEndpoint,
} from "./notify/endpoints.ts";
export { type FailingEndpoint, failingEndpoints } from "./notify/failing-endpoints.ts";
export { endpointJob, Notifier, type NotifierDeps } from "./notify/notifier.ts";
export type { ToReconnect } from "./notify/reconnect-mail.ts";
export { createSendMail } from "./notify/send-mail.ts";
export { type EndpointTest, testEndpoint } from "./notify/test-endpoint.ts";
export {
  hashPassword,
  isPassword,
  isPasswordHash,
  readPasswordHash,
  shortestPassword,
  whyWeak,
} from "./people/passwords.ts";
export {
  activePerson,
  addPerson,
  changePerson,
  findPerson,
  listPeople,
  type Person,
  type PersonView,
  type Role,
  removePerson,
  roles,
  takeCodeStep,
} from "./people/people.ts";
export { renewRecoveryCodes, setSecondFactor, takeRecoveryCode } from "./people/recovery-codes.ts";
export { forgetList, mostSavedLists, type SavedList, savedLists, saveList } from "./people/saved-lists.ts";
export { type NewSecondFactor, newSecondFactor, stepOfCode } from "./people/second-factor.ts";
export {
  createSessions,
  endSession,
  endSessions,
  listSessions,
  pruneSessions,
  type Session,
  type Sessions,
  type SessionView,
  type SetPerson,
} from "./people/sessions.ts";
export { countRefreshes } from "./process/count-refreshes.ts";
export { type GaugeSource, queueGauges, refusalCounts, storeGauges } from "./process/gauges.ts";
export { type HealthServer, startHealthServer } from "./process/health-server.ts";
export { keepRunning } from "./process/keep-running.ts";
export {
  type ConnectionLimits,
  connectionLimits,
  limitConnections,
  serverOptions,
} from "./process/limit-connections.ts";
export { createMetrics, type Metrics } from "./process/metrics.ts";
export { openLimits } from "./process/open-limits.ts";
export { type ReadyChecks, readiness } from "./process/readiness.ts";
export { type Life, runProcess } from "./process/run-process.ts";
export { ableToServe, servicesReady } from "./process/services-ready.ts";
export { SpoolDrain } from "./process/spool-drain.ts";
export { startEngine } from "./process/start-engine.ts";
export { type MetricsJson, sumMetrics } from "./process/sum-metrics.ts";
export { trustProxies } from "./process/trust-proxies.ts";
export type { JudgedGroup, Outage, Outages } from "./situation/outages.ts";
export { readSituation, type Situation } from "./situation/situation.ts";
export type { Trouble } from "./situation/troubles.ts";
