import { attempt, type Rules } from "./attempt.ts";
import type { CommitRecord, Lease } from "./commit-record.ts";
import type { ErrorCode } from "./connection.ts";
import { decide } from "./decide.ts";
import type { GrantedTokens, Outcome } from "./outcome.ts";
import type { Claim, Committed, RefreshDeps, RefreshOrder } from "./ports.ts";
import type { Transition } from "./transition.ts";

export type RefreshResult =
  | Extract<Claim, { kind: "refused" }>
  | {
      readonly kind: "settled";
      readonly committed: Committed;
      readonly record: CommitRecord;
      /** The new tokens in plain, for a caller that waits for them; null after a setback. */
      readonly granted: GrantedTokens | null;
    };

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
  if (kept !== null) return finishKept(kept, deps);

  const askedAt = deps.now();
  const { outcome, rules } = await attempt(lease, deps);
  const answeredAt = deps.now();
  const unknownElsewhere = outcome.kind === "unknown" ? await lookElsewhere(lease, answeredAt, deps) : 0;
  const context = { ...contextOf(lease, rules, askedAt, answeredAt, deps), unknownElsewhere };
  const transition = decide(lease.connection, outcome, context);
  const record = toRecord(order, lease, outcome, transition, rules, askedAt, answeredAt, deps);
  return finish(record, transition.kind === "store" ? transition.tokens : null, deps);
}

/** Commits or keeps, then lets the world know. A token set is never dropped because the store is away. */
async function finish(
  record: CommitRecord,
  granted: GrantedTokens | null,
  deps: RefreshDeps,
): Promise<Extract<RefreshResult, { kind: "settled" }>> {
  const committed = await commit(record, deps);
  deps.observe({ kind: "settled", record, committed });
  if (committed === "committed") await deps.announce(record);
  return { kind: "settled", committed, record, granted };
}

async function commit(record: CommitRecord, deps: RefreshDeps): Promise<Committed> {
  try {
    return await deps.store.commit(record);
  } catch (error) {
    // A setback may be forgotten: its lease runs out and the attempt is repeated. A token set may not.
    if (record.transition.kind !== "store") throw error;
    await deps.spool.keep(record);
    deps.observe({ kind: "commit_deferred", connectionId: record.connectionId, error });
    return "deferred";
  }
}

/** Commits what the spool kept, and drops it there only when it is safe in the store. */
export async function finishKept(
  kept: CommitRecord,
  deps: RefreshDeps,
): Promise<Extract<RefreshResult, { kind: "settled" }>> {
  const result = await finish(kept, null, deps);
  if (result.committed !== "deferred") await deps.spool.drop(kept);
  return result;
}

/** A token set waits in the spool only while its lease was never given back, so only an abandoned lease needs this look. */
async function findKept(lease: Lease, deps: RefreshDeps): Promise<CommitRecord | null> {
  const { id, generation } = lease.connection;
  const kept = await deps.spool.find(id, generation);
  if (kept !== null) deps.observe({ kind: "found_in_spool", connectionId: id, generation });
  return kept;
}

/** One connection's odd answer is its own; the same from many is the provider's, or ours. */
function lookElsewhere({ connection }: Lease, now: Date, { store, timing }: RefreshDeps): Promise<number> {
  return store.unknownElsewhere(connection, new Date(now.getTime() - timing.unknownWindowMs));
}

function contextOf(lease: Lease, { policy }: Rules, askedAt: Date, now: Date, deps: RefreshDeps) {
  const { probing, ownFault } = lease;
  return { now, askedAt, policy, timing: deps.timing, random: deps.random(), probing, ownFault };
}

function toRecord(
  order: RefreshOrder,
  lease: Lease,
  outcome: Outcome,
  transition: Transition,
  rules: Rules,
  askedAt: Date,
  answeredAt: Date,
  deps: RefreshDeps,
): CommitRecord {
  const { connection } = lease;
  return {
    connectionId: connection.id,
    userId: connection.userId,
    provider: connection.provider,
    registration: connection.registration,
    fingerprint: rules.fingerprint,
    generation: connection.generation,
    leaseOwner: lease.owner,
    transition:
      transition.kind === "store"
        ? { ...transition, tokens: seal(connection.id, transition.tokens, deps) }
        : transition,
    log: {
      trigger: order.trigger,
      outcome: outcome.kind,
      errorCode: errorCode(outcome, transition),
      message: transition.message,
      httpStatus: "httpStatus" in outcome ? outcome.httpStatus : null,
      durationMs: answeredAt.getTime() - askedAt.getTime(),
      oldExpiresAt: connection.expiresAt,
      at: askedAt,
    },
  };
}

/** What opens a circuit leaves no mark on the connection, but the log tells of it. */
function errorCode(outcome: Outcome, transition: Transition): ErrorCode | null {
  if (transition.kind === "store") return null;
  if (outcome.kind === "misconfigured") return "invalid_client";
  return outcome.kind === "unknown" ? "unknown_answer" : transition.errorCode;
}

function seal(id: string, tokens: GrantedTokens, { vault }: RefreshDeps) {
  return {
    accessToken: vault.seal(tokens.accessToken, id, "access_token"),
    refreshToken: tokens.refreshToken === null ? null : vault.seal(tokens.refreshToken, id, "refresh_token"),
    tokenType: tokens.tokenType,
    scopes: tokens.scopes,
    metadata: tokens.metadata,
  };
}
