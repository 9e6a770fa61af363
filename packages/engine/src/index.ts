export { ConfigError } from "@evertoken/adapters";
export type * from "@evertoken/client";
export { EvertokenError, verifyWebhook } from "@evertoken/client";
export type { GivenLogger } from "./embedded-logger.ts";
export type { EmbeddedOptions } from "./embedded-settings.ts";
export { createEvertoken } from "./evertoken.ts";
export { createSyncWorker, type SyncWorker, type SyncWorkerOptions } from "./sync/create-sync-worker.ts";
export type { SyncContext, SyncHandler } from "./sync/sync-handler.ts";
