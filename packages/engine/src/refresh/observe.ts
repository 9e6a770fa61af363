import { describeError, type Logger } from "@evertoken/adapters";
import type { Observation } from "@evertoken/core";
import type { UserHasher } from "../user-hash.ts";

export type Settled = Extract<Observation, { kind: "settled" }>;

/**
 * The one place where refreshes become log lines. `[hubspot][a1b2c3d4]`: provider and keyed hash of the user id.
 *
 * @param count is told of each attempt once, when its end is certain
 */
export function createObserver(
  logger: Logger,
  users: Pick<UserHasher, "hash">,
  count?: (settled: Settled) => void,
): (observation: Observation) => void {
  return (observation) => {
    switch (observation.kind) {
      case "settled":
        // What is kept is settled again, and counted then.
        if (observation.committed !== "deferred") count?.(observation);
        return settled(logger, users, observation);
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

function settled(logger: Logger, users: Pick<UserHasher, "hash">, { record, committed }: Settled): void {
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
  const text = `[${record.provider}][${users.hash(record.userId)}] ${log.outcome}`;
  if (granted && committed !== "superseded" && log.message === null) logger.info(line, text);
  else logger.warn(line, text);
}
