import type { Connection } from "./connection.ts";
import { denied } from "./decide-denial.ts";
import { misconfigured, unknown } from "./decide-fault.ts";
import type { DecisionContext } from "./decision-context.ts";
import { dueAt } from "./due.ts";
import type { GrantedTokens, Outcome } from "./outcome.ts";
import { grantEnd } from "./reauth-due.ts";
import { retryDelayMs } from "./retry.ts";
import { after, probeLater, statusWhileFailing, stop, unmarked, wasTold } from "./setback.ts";
import { accessTokenEnd, refreshTokenEnd } from "./token-end.ts";
import type { Setback, Store, Transition } from "./transition.ts";

/**
 * # The state machine of a connection
 *
 * A connection is `connected` while its refreshes work, and stays so through trouble that passes before its access token ends.
 *
 * - granted: `connected`, next job due before the new expiry.
 * - denied: `needs_reauth`; nothing but the user's consent helps, so no job. Tokens are kept. Unless the grant was given to another
 *   client id than ours is now, or nothing has been granted since our secret or the endpoint changed: that is a misconfiguration until
 *   another connection shows that it is not. And unless so many are denied at once as this provider's history does not know: then its
 *   circuit opens, and for a while no denial is believed before it came three times, each time after others were granted, or for
 *   hours. Who is marked so is asked a few times more, ever more rarely, in case that it lives. Marks that were made before the
 *   number showed are taken back by the store.
 * - nothing to spend: `needs_reauth` when the access token has ended, not before.
 * - transient, unsent: `connected`, or `token_expired` once the access token has ended; quick retries, then every 5 minutes,
 *   later hourly; after 30 days `needs_reauth`.
 * - uncertain: as transient, but a single-use refresh token is tried only once more while the access token lives, and late in its
 *   life: a second presentation may revoke the grant and the living token with it, and until then whoever has the answer (a process
 *   that stood still, a spool or journal elsewhere) can still bring it. After its end there is nothing left to lose.
 * - throttled: the status stays, nothing is counted, we come back when told.
 * - misconfigured: our fault. The connection is not touched; the registration's circuit opens. Only a connection that still gets
 *   this answer after another one has closed the circuit, or while others are granted, is at fault itself, and becomes `error`.
 * - unknown: `error`, probed after an hour and then ever more rarely, the operator is told. When the access token has ended and this
 *   lasted for a day, `needs_reauth`: the user may reconnect, and the probes go on; they stop after 30 days. When several connections
 *   of a provider get such answers at once, and most of its answers are such, it is the provider or our set-up, not each of them: the
 *   circuit opens, and the store takes back the marks of the last hour, and those that were on their way.
 * - unreadable: `error`; the ciphertext is kept, since the right key may come back.
 * - unaddressable: `error`; nobody was asked, so it says nothing about the provider, and no circuit counts it.
 */
export function decide(connection: Connection, outcome: Outcome, context: DecisionContext): Transition {
  const transition = judge(connection, outcome, context);
  if (transition.kind === "store" || !context.forced || connection.status !== "needs_reauth") return transition;
  const probed = transition.errorCode === "unknown_answer" && connection.failingSince !== null;
  return probed ? transition : stayOver(connection, transition, context);
}

/** Somebody has forced one more attempt on a grant that is over: nothing but a grant makes it begin again. */
function stayOver(connection: Connection, setback: Setback, { now }: DecisionContext): Setback {
  const { notBefore, failingSince, nextRefreshAt } = connection;
  // A check of its own that is still to come is not spent by it.
  const pending = nextRefreshAt !== null && nextRefreshAt > now ? nextRefreshAt : null;
  const job = pending === null ? "stop" : "postpone";
  const stays = { job, status: "needs_reauth", resumeAt: pending, nextRefreshAt: pending, events: [] } as const;
  return { ...setback, ...stays, notBefore, failingSince };
}

function judge(connection: Connection, outcome: Outcome, context: DecisionContext): Transition {
  switch (outcome.kind) {
    case "granted":
      return granted(connection, outcome.tokens, context);
    case "denied":
      return denied(connection, outcome.reason, context);
    case "nothing_to_spend":
      return nothingToSpend(connection, context);
    case "transient":
      return retry(connection, outcome.reason, outcome.retryAfterMs, context);
    case "unsent":
      return retry(connection, outcome.reason, null, context);
    case "uncertain":
      return uncertain(connection, outcome.reason, context);
    case "throttled":
      return throttled(connection, outcome, context);
    case "misconfigured":
      return misconfigured(connection, outcome.reason, context);
    case "unknown":
      return unknown(connection, outcome.reason, context);
    case "unreadable":
      return probeLater(connection, "unreadable_token", outcome.reason, context);
    case "unaddressable":
      return probeLater(connection, "missing_metadata", outcome.reason, context);
    default:
      return outcome satisfies never;
  }
}

function granted(connection: Connection, tokens: GrantedTokens, context: DecisionContext): Store {
  const { askedAt, policy, timing } = context;
  const expiresAt = accessTokenEnd(tokens, policy, askedAt);
  const refreshTokenExpiresAt = refreshTokenEnd(tokens, policy, askedAt) ?? connection.refreshTokenExpiresAt;
  const refreshable =
    policy.spends === "access_token" ||
    (policy.spends === "refresh_token" && (tokens.refreshToken ?? connection.refreshToken) !== null);
  const lost = tokens.scopes === null ? [] : connection.scopes.filter((scope) => !tokens.scopes?.includes(scope));
  // That a token ended while nobody ran was no news of the connection.
  const told = connection.status === "needs_reauth" || wasTold(connection, timing);
  return {
    kind: "store",
    tokens,
    expiresAt,
    refreshTokenExpiresAt,
    grantEndsAt: grantEnd(
      {
        stated: tokens.refreshTokenExpiresIn === null ? null : refreshTokenExpiresAt,
        known: connection.refreshTokenExpiresAt,
        consentedAt: connection.connectedAt,
      },
      policy,
    ),
    nextRefreshAt: notTooSoon(
      dueAt(
        { connectionId: connection.id, issuedAt: askedAt, expiresAt, refreshTokenExpiresAt, refreshable },
        policy,
        timing,
      ),
      context,
    ),
    message: remarks(tokens.notes, lost),
    provider: context.blame.probing
      ? { kind: "close_circuit", of: connection.client, believed: false }
      : context.blame.secret !== "proven"
        ? { kind: "prove" }
        : null,
    events: told ? ["connection.recovered"] : [],
  };
}

/** Tokens of a second would have us ask twice in each; an app that needs one gets it on demand. */
function notTooSoon(due: Date | null, { askedAt, timing }: DecisionContext): Date | null {
  const soonest = after(askedAt, timing.leastApartMs);
  return due !== null && due < soonest ? soonest : due;
}

function remarks(notes: readonly string[], lostScopes: readonly string[]): string | null {
  const lost = lostScopes.length === 0 ? [] : [`granted without the scopes: ${lostScopes.join(" ")}`];
  const all = [...notes, ...lost];
  return all.length === 0 ? null : all.join("; ");
}

function retry(connection: Connection, reason: string, waitMs: number | null, context: DecisionContext): Setback {
  const { now, timing } = context;
  const failures = connection.consecutiveFailures + 1;
  const since = connection.failingSince ?? now;
  const delay = retryDelayMs(failures, now.getTime() - since.getTime(), context.random, timing);
  if (delay === null) return { ...stop(connection, "provider_unavailable", reason), failingSince: since };
  const wanted = after(now, Math.max(delay, Math.min(waitMs ?? 0, timing.throttleCapMs)));
  // A forced attempt that came to nothing does not end the wait that it passed over.
  const standing = connection.notBefore !== null && connection.notBefore > now ? connection.notBefore : null;
  const resumeAt = standing !== null && standing > wanted ? standing : wanted;
  return {
    ...unmarked(connection),
    job: "retry",
    status: statusWhileFailing(connection, now),
    errorCode: "provider_unavailable",
    message: reason,
    resumeAt,
    nextRefreshAt: resumeAt,
    notBefore: waitMs === null ? standing : resumeAt,
    failingSince: since,
    consecutiveFailures: failures,
    events: failures > timing.quickRetries && !wasTold(connection, timing) ? ["token.refresh_failed"] : [],
  };
}

function uncertain(connection: Connection, reason: string, context: DecisionContext): Setback {
  const lostAnswers = connection.lostAnswers + 1;
  const base: Setback = { ...retry(connection, reason, null, context), lostAnswers };
  if (base.job === "stop") return base;
  const marked: Setback = { ...base, errorCode: "answer_lost" };
  if (context.policy.rotation.kind !== "single_use") return marked;
  const presentAt = presentableAt(connection, lostAnswers, context);
  if (presentAt === null) return marked;
  // The claim heeds `notBefore`: no trigger gets through before, unless an operator forces it.
  if (presentAt === "never") {
    const notBefore = after(context.now, leftAloneMs);
    return { ...marked, job: "stop", resumeAt: null, nextRefreshAt: null, notBefore };
  }
  return { ...marked, resumeAt: presentAt, nextRefreshAt: presentAt, notBefore: presentAt };
}

/** An access token that never ends is worth more than its refresh token. A year: jobs cannot be put off for much longer. */
const leftAloneMs = 365 * 86_400_000;

/**
 * When a single-use token may be presented again; null: as any other trouble goes, since no living access token can be lost by it.
 * The one careful time comes late, but with time for an answer, and in a short rest of life at half of it.
 */
function presentableAt(
  { expiresAt, refreshTokenExpiresAt }: Connection,
  lostAnswers: number,
  { now, timing }: DecisionContext,
): Date | "never" | null {
  if (expiresAt !== null && expiresAt <= now) return null;
  if (lostAnswers > 1) return expiresAt ?? "never";
  const ends = [expiresAt, refreshTokenExpiresAt].filter((end) => end !== null && end > now) as Date[];
  if (ends.length === 0) return after(now, timing.slowRetryMs);
  const leftMs = Math.min(...ends.map((end) => end.getTime())) - now.getTime();
  return after(now, leftMs - Math.min(timing.carefulRetryMs, leftMs / 2));
}

function throttled(
  connection: Connection,
  outcome: Extract<Outcome, { kind: "throttled" }>,
  { now, timing }: DecisionContext,
): Setback {
  const until = after(now, Math.min(Math.max(outcome.retryAfterMs ?? timing.throttleMs, 0), timing.throttleCapMs));
  const wholeProvider = outcome.scope === "provider";
  return {
    ...unmarked(connection),
    status: statusWhileFailing(connection, now),
    errorCode: "rate_limited",
    message: outcome.reason,
    resumeAt: until,
    notBefore: wholeProvider ? connection.notBefore : until,
    provider: wholeProvider ? { kind: "throttle", until } : null,
  };
}

function nothingToSpend(connection: Connection, { now }: DecisionContext): Setback {
  if (connection.expiresAt !== null && connection.expiresAt <= now) {
    return stop(connection, "no_refresh_token", "the access token has ended and there is nothing to refresh it with");
  }
  return { ...unmarked(connection), resumeAt: connection.expiresAt, nextRefreshAt: connection.expiresAt };
}
