import { type Attempted, attempt } from "./attempt.ts";
import { blameOf } from "./blame.ts";
import type { GrantRecord, Lease } from "./commit-record.ts";
import { decide } from "./decide.ts";
import type { DecisionContext } from "./decision-context.ts";
import type { Claim, RefreshDeps, RefreshOrder } from "./ports.ts";
import { type Settled, settle, settleKept } from "./settle.ts";
import { toRecord } from "./to-record.ts";

export type RefreshResult = Extract<Claim, { kind: "refused" }> | Settled;

/**
 * How a refresh happens, for every trigger: claim → open → request → classify → decide → commit → announce.
 *
 * Only the holder of the lease gets past `claim`. At most one request is sent. Whatever token set came back is committed, or kept in
 * the spool until it is; everything after the commit can be rebuilt from it.
 */
export async function refresh(order: RefreshOrder, deps: RefreshDeps): Promise<RefreshResult> {
  const claim = await deps.store.claim(order, deps.now());
  if (claim.kind === "refused") return claim;
  const { lease } = claim;

  const kept = lease.abandonedSince === null ? null : await findKept(lease, deps);
  if (kept !== null) return settleKept(kept, deps);

  const attempted = await attempt(lease, deps); // open, request, classify
  const { met, blame } = blameOf(lease, attempted);
  const around = met === null ? null : await deps.store.meetFault(met); // written down first, then judged by others' answers
  const transition = decide(lease.connection, attempted.outcome, contextOf(order, attempted, { blame, around }, deps));
  const record = toRecord(order, lease, attempted, transition, deps);
  return settle(record, transition.kind === "store" ? transition.tokens : null, deps); // commit, announce
}

/** A token set waits in the spool only while its lease was never given back, so only an abandoned lease needs this look. */
async function findKept(lease: Lease, deps: RefreshDeps): Promise<GrantRecord | null> {
  const { id, generation } = lease.connection;
  const kept = await deps.spool.find(id, generation);
  if (kept !== null) deps.observe({ kind: "found_in_spool", connectionId: id, generation });
  return kept;
}

function contextOf(
  { force }: RefreshOrder,
  { rules, askedAt, answeredAt }: Attempted,
  whose: Pick<DecisionContext, "blame" | "around">,
  { timing, random }: RefreshDeps,
): DecisionContext {
  const { policy } = rules;
  return { ...whose, ...{ now: answeredAt, askedAt, policy, timing }, forced: force, random: random() };
}
