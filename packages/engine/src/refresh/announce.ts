import { describeError, type Logger, type Queues, within } from "@evertoken/adapters";
import { type CommitRecord, type GrantRecord, isGrant } from "@evertoken/core";

/**
 * Who waits for a token has it by then, and is not kept waiting for Redis; what takes longer goes on behind their back. A job waits
 * longer, since its own end must not come before the next job's beginning, but not for ever: it may be told to stop.
 */
const patienceMs = { caller: 300, job: 5000 };

/**
 * What follows from a commit: the job of the next generation, or the same job at its new time, and a nudge to deliver events.
 * Never throws: Redis may be away, and reconcile adds what is missing.
 *
 * @param inJob the job that runs the refresh looks after itself after a setback
 * @param keepCopy for the case that the database fails over to one that lacks the commit
 * @param wantsRefreshed whether somebody asked to be told of each refresh
 */
export function createAnnounce(
  queues: Queues,
  logger: Logger,
  derives: (provider: string) => boolean,
  inJob: boolean,
  wantsRefreshed: () => boolean,
  keepCopy: (record: GrantRecord) => Promise<void>,
): (record: CommitRecord) => Promise<void> {
  const announce = async (record: CommitRecord) => {
    try {
      const copied = isGrant(record) ? keepCopy(record) : null;
      await Promise.all([copied, placeJob(queues, record, inJob)]);
      if (isGrant(record) && derives(record.provider)) {
        await queues.derive(record.connectionId, record.generation + 1);
      }
      if (tells(record)) await nudgeDelivery(queues);
      else if (isGrant(record) && wantsRefreshed()) await nudgeSoon(queues);
    } catch (error) {
      logger.warn({ connection: record.connectionId, err: describeError(error) }, "job not placed; reconcile will");
    }
  };
  return async (record) => void (await within(inJob ? patienceMs.job : patienceMs.caller, announce(record)));
}

/** Whether a circuit has opened or closed is known to the statement alone; it tells of it then. */
function tells({ transition: { events, provider } }: CommitRecord): boolean {
  return events.length > 0 || provider?.kind === "open_circuit" || provider?.kind === "close_circuit";
}

async function placeJob(queues: Queues, record: CommitRecord, inJob: boolean): Promise<void> {
  const { connectionId: id, provider, generation, transition } = record;
  if (transition.kind === "store") {
    const dueAt = transition.nextRefreshAt;
    if (dueAt !== null) await queues.add({ id, provider, generation: generation + 1, dueAt });
    if (!inJob) await queues.remove(provider, id, generation);
    return;
  }
  if (!inJob && transition.resumeAt !== null) {
    await queues.place({ id, provider, generation, dueAt: transition.resumeAt });
  }
}

/** One delivery at a time is enough: it takes all that is there. */
export async function nudgeDelivery(queues: Queues): Promise<void> {
  await queues.fixed("notifications").add("deliver", {}, { removeOnComplete: true, removeOnFail: 100, attempts: 5 });
}

const tickMs = 250;

/** For what happens hundreds of times a second: all nudges of a quarter of a second, of all processes, are one job. */
async function nudgeSoon(queues: Queues): Promise<void> {
  const options = { jobId: `deliver-${Math.ceil(Date.now() / tickMs)}`, delay: tickMs, attempts: 5 };
  await queues.fixed("notifications").add("deliver", {}, { ...options, removeOnComplete: true, removeOnFail: true });
}
