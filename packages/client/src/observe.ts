import { createUserHash, describeError, type Logger, type Metrics } from "@evertoken/adapters";
import type { Observation } from "@evertoken/core";

/**
 * The one place where refreshes become log lines and metrics. `[hubspot][a1b2c3d4]`: provider and keyed hash of the user id.
 *
 * @param hashKey so that hashes of ids cannot be looked up in a list
 */
export function createObserver(logger: Logger, hashKey: string, metrics?: Metrics): (observation: Observation) => void {
  const userHash = createUserHash(hashKey);
  return (observation) => {
    switch (observation.kind) {
      case "settled":
        // What is kept is settled again, and counted then.
        if (metrics !== undefined && observation.committed !== "deferred") count(metrics, observation);
        return settled(logger, userHash, observation);
      case "found_in_spool":
        logger.warn(
          { connection: observation.connectionId, generation: observation.generation },
          "committing a kept token set",
        );
        return;
      case "keep_failed":
        logger.error(
          { connection: observation.connectionId, err: describeError(observation.error) },
          "neither Redis nor SPOOL_DIR takes a new token set: held in memory only until it is committed",
        );
        return;
      case "commit_deferred":
        logger.error(
          { connection: observation.connectionId, err: describeError(observation.error) },
          observation.kept
            ? "the store is away: new token set kept in the spool"
            : "store and spool are away: new token set held in memory only",
        );
        return;
      default:
        observation satisfies never;
    }
  };
}

type Settled = Extract<Observation, { kind: "settled" }>;

function count({ refreshes, refreshSeconds, lateness }: Metrics, { record: { provider, log } }: Settled): void {
  refreshes.inc({ provider, outcome: log.outcome, trigger: log.trigger });
  refreshSeconds.observe({ provider }, log.durationMs / 1000);
  // What an operator or a sweep brought forward was not due.
  if (log.trigger !== "scheduled" || log.dueAt === null) return;
  lateness.observe({ provider }, Math.max(0, log.at.getTime() - log.dueAt.getTime()) / 1000);
}

function settled(logger: Logger, userHash: (userId: string) => string, { record, committed }: Settled): void {
  const { transition, log } = record;
  const granted = transition.kind === "store";
  const line = {
    connection: record.connectionId,
    generation: record.generation,
    trigger: log.trigger,
    outcome: log.outcome,
    durationMs: log.durationMs,
    ...(log.httpStatus === null ? {} : { httpStatus: log.httpStatus }),
    ...(log.message === null ? {} : { reason: log.message }),
    ...(transition.nextRefreshAt === null ? {} : { nextRefreshAt: transition.nextRefreshAt }),
    ...(granted ? {} : { status: transition.status }),
    ...(committed === "committed" ? {} : { committed }),
  };
  const text = `[${record.provider}][${userHash(record.userId)}] ${log.outcome}`;
  if (granted && committed !== "superseded" && log.message === null) logger.info(line, text);
  else logger.warn(line, text);
}
