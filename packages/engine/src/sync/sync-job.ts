import { isLastAttempt, type SyncJob, type SyncStep } from "@evertoken/adapters";
import type { Engine } from "../engine.ts";
import { EvertokenError } from "../evertoken-error.ts";
import { isUuid } from "../is-uuid.ts";
import { FreshToken } from "../token/fresh-token.ts";
import { runSync } from "./run-sync.ts";
import type { SyncHandler } from "./sync-handler.ts";

/** Runs sync jobs with a handler, or the built-in sync. */
export function createSyncJob(engine: Engine, handler?: SyncHandler, signal?: AbortSignal) {
  const fresh = new FreshToken(engine);
  return async (job: SyncJob): Promise<SyncStep> => {
    const { connectionId } = job.data;
    if (!isUuid(connectionId)) return { kind: "failed", message: "the job names no connection" };
    const options = { fresh, lastAttempt: isLastAttempt(job), ...(signal === undefined ? {} : { signal }) };
    try {
      const result = await runSync(engine, connectionId, handler, options);
      if (result.kind === "success") return { kind: "done", result: { status: "success" } };
      if (result.kind === "busy") return { kind: "wait" };
      const { code, message, retry } = result;
      engine.logger.warn({ connection: connectionId, code, reason: message, retry }, "sync failed");
      return { kind: retry ? "retry" : "failed", message: `${code}: ${message}` };
    } catch (error) {
      const code = error instanceof EvertokenError ? error.code : "unknown";
      if (code === "connection_not_found") return { kind: "done", result: { status: "gone" } };
      // A driver's own message may quote what it was given; Redis keeps the name only.
      return { kind: "retry", message: `the sync could not run: ${code}` };
    }
  };
}
