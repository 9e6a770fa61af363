import type { Connection, ConnectionStatus, ErrorCode } from "./connection.ts";
import type { EventName } from "./event.ts";
import type { Timing } from "./timing.ts";
import type { Setback } from "./transition.ts";

/** Only the user can help. */
export function stop(connection: Connection, code: ErrorCode, reason: string): Setback {
  const events: EventName[] = connection.status === "needs_reauth" ? [] : ["connection.needs_reauth"];
  return {
    ...unmarked(connection),
    job: "stop",
    status: "needs_reauth",
    errorCode: code,
    message: reason,
    nextRefreshAt: null,
    notBefore: null,
    events,
  };
}

/** Something is wrong with this connection alone: seldom, since quick retries would be blind, and told to the operator. */
export function probeLater(
  connection: Connection,
  code: ErrorCode,
  reason: string,
  { now, timing }: { readonly now: Date; readonly timing: Timing },
): Setback {
  const resumeAt = after(now, timing.unknownProbeMs);
  return {
    ...unmarked(connection),
    job: "postpone",
    status: "error",
    errorCode: code,
    message: reason,
    resumeAt,
    nextRefreshAt: resumeAt,
    failingSince: connection.failingSince ?? now,
    consecutiveFailures: connection.consecutiveFailures + 1,
    events: wasTold(connection, timing) ? [] : ["token.refresh_failed"],
  };
}

/** That its refreshes fail: said once, however the failures change their kind. */
export function wasTold({ status, consecutiveFailures }: Connection, { quickRetries }: Timing): boolean {
  return status === "error" || consecutiveFailures > quickRetries;
}

/** A setback that leaves the connection as it was. */
export function unmarked(connection: Connection): Setback {
  return {
    kind: "setback",
    job: "postpone",
    status: connection.status,
    errorCode: null,
    message: null,
    resumeAt: null,
    nextRefreshAt: connection.nextRefreshAt,
    notBefore: connection.notBefore,
    failingSince: connection.failingSince,
    consecutiveFailures: connection.consecutiveFailures,
    lostAnswers: connection.lostAnswers,
    provider: null,
    events: [],
  };
}

/** Trouble alone neither revives a connection that was judged nor kills one that was not. */
export function statusWhileFailing(connection: Connection, now: Date): ConnectionStatus {
  if (connection.status !== "connected" && connection.status !== "token_expired") return connection.status;
  return connection.expiresAt !== null && connection.expiresAt <= now ? "token_expired" : "connected";
}

export function after(start: Date, ms: number): Date {
  return new Date(start.getTime() + ms);
}
