import { areRevocationsDue, claimRevocations, dropRevocation, expireRevocations } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { revokeGrant } from "@evertoken/engine/internal";

const atOnce = 10;

/** The job `revoke`: asks again for what providers have not confirmed. @returns how many grants have ended */
export async function retryRevocations(engine: Engine): Promise<number> {
  let revoked = 0;
  for (;;) {
    const due = await claimRevocations(engine.pool, engine.clock.now(), atOnce);
    const results = await Promise.all(due.map((grant) => revokeGrant(engine, grant)));
    for (const [index, { id }] of due.entries()) {
      if (results[index] !== "later") await dropRevocation(engine.pool, id);
    }
    revoked += results.filter((result) => result === "yes").length;
    if (due.length < atOnce) return revoked;
  }
}

/** For reconcile: erases what was kept for long enough, and has a worker try the rest. The job carries nothing. */
export async function lookAfterRevocations({ pool, clock, config, queues, logger }: Engine): Promise<void> {
  const now = clock.now();
  for (const { connection_id, provider } of await expireRevocations(
    pool,
    new Date(now.getTime() - config.revokeRetryForMs),
  )) {
    logger.warn({ connection: connection_id }, `[${provider}] revocation given up: its token is erased`);
  }
  if (!(await areRevocationsDue(pool, now))) return;
  await queues.fixed("sync").add("revoke", {}, { jobId: "revoke", removeOnComplete: true, removeOnFail: true });
}
