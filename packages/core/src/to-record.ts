import type { Attempted } from "./attempt.ts";
import type { CommitRecord, Lease, SealedTokens } from "./commit-record.ts";
import type { Connection, ErrorCode } from "./connection.ts";
import type { GrantedTokens, Outcome } from "./outcome.ts";
import type { RefreshDeps, RefreshOrder } from "./ports.ts";
import type { Transition } from "./transition.ts";

/** One attempt as it is committed: the decision, its tokens sealed, and its log entry. */
export function toRecord(
  order: RefreshOrder,
  lease: Lease,
  { outcome, rules, askedAt, answeredAt }: Attempted,
  transition: Transition,
  deps: RefreshDeps,
): CommitRecord {
  const { connection } = lease;
  const attempt = {
    connectionId: connection.id,
    userId: connection.userId,
    provider: connection.provider,
    registration: connection.registration,
    fingerprint: rules.fingerprint,
    client: rules.client,
    generation: connection.generation,
    leaseOwner: lease.owner,
    log: {
      trigger: order.trigger,
      outcome: outcome.kind,
      errorCode: errorCode(outcome, transition),
      message: transition.message,
      httpStatus: "httpStatus" in outcome ? outcome.httpStatus : null,
      durationMs: answeredAt.getTime() - askedAt.getTime(),
      oldExpiresAt: connection.expiresAt,
      dueAt: connection.nextRefreshAt,
      at: askedAt,
    },
  };
  if (transition.kind === "setback") return { ...attempt, transition };
  const tokens = seal(connection, transition.tokens, rules, deps);
  return { ...attempt, transition: { ...transition, tokens } };
}

/** What opens a circuit leaves no mark on the connection, but the log tells of it. */
function errorCode(outcome: Outcome, transition: Transition): ErrorCode | null {
  if (transition.kind === "store") return null;
  if (transition.provider?.kind === "open_circuit") return transition.provider.code;
  return outcome.kind === "misconfigured" ? "invalid_client" : transition.errorCode;
}

function seal(
  connection: Connection,
  tokens: GrantedTokens,
  rules: Attempted["rules"],
  { vault }: RefreshDeps,
): SealedTokens {
  const { refreshToken } = tokens;
  return {
    accessToken: vault.seal(tokens.accessToken, connection, "access_token"),
    refreshToken: refreshToken === null ? null : vault.seal(refreshToken, connection, "refresh_token"),
    grantHash:
      refreshToken === null ? null : rules.grantHash(refreshToken, { ...connection.metadata, ...tokens.metadata }),
    tokenType: tokens.tokenType,
    scopes: tokens.scopes,
    metadata: tokens.metadata,
  };
}
