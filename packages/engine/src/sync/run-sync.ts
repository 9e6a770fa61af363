import { issuedAt } from "@evertoken/adapters";
import type { AccessToken, ConnectionView } from "@evertoken/client";
import { sanitize } from "@evertoken/providers";
import { getConnection } from "../connect/connections.ts";
import type { Engine } from "../engine.ts";
import { EvertokenError, type EvertokenErrorCode, withStore } from "../evertoken-error.ts";
import { isNew, readTarget } from "../token/access-token.ts";
import { FreshToken } from "../token/fresh-token.ts";
import { withAccessToken } from "../token/with-access-token.ts";
import { holdSync } from "./hold-sync.ts";
import { identitySync } from "./identity-sync.ts";
import { type SyncHandler, statusOf } from "./sync-handler.ts";

/**
 * `insufficient_scope`: the API answers 403, and no refresh changes that. `token_refused`: it refuses even a new token.
 * `handler_failed`: anything else that the handler throws.
 */
type SyncErrorCode = "token_refused" | "handler_failed" | EvertokenErrorCode;

export type SyncResult =
  /** Another one runs. */
  | { readonly kind: "busy" }
  | { readonly kind: "success"; readonly message: string | null }
  | {
      readonly kind: "error";
      readonly code: SyncErrorCode;
      readonly message: string;
      /** Whether a later run may do better. */
      readonly retry: boolean;
    };

type EndedSync = Exclude<SyncResult, { kind: "busy" }>;

export interface RunSyncOptions {
  readonly signal?: AbortSignal;
  readonly fresh?: FreshToken;
  /** A failure that will be retried leaves the sync `pending`. Default true: nobody retries. */
  readonly lastAttempt?: boolean;
}

/** How long a handler that was told of its deadline is still waited for. */
const farewellMs = 1000;

/** A token that lives at least this long is fresh enough for a sync. */
const marginSeconds = 300;

/** Of a token that lives shorter than two margins half its life is all that can be asked, as with its due time. */
function minTtlOf(connection: ConnectionView): number {
  if (connection.expiresAt === null) return 0;
  const life = (connection.expiresAt.getTime() - issuedAt(connection).getTime()) / 1000;
  return Math.max(0, Math.min(marginSeconds, life / 2));
}

/** Runs a connection's sync now, with a fresh token, and keeps how it ended. @throws {EvertokenError} when Postgres is away */
export async function runSync(
  engine: Engine,
  connectionId: string,
  handler: SyncHandler = identitySync(engine),
  { signal = new AbortController().signal, fresh = new FreshToken(engine), lastAttempt = true }: RunSyncOptions = {},
): Promise<SyncResult> {
  const connection = await getConnection(engine, connectionId);
  const hold = await holdSync(engine, connectionId);
  if (hold === null) return { kind: "busy" };
  const deadline = AbortSignal.timeout(engine.config.sync.timeoutMs);
  const minTtlSeconds = minTtlOf(connection);
  let seen: AccessToken | null = null;
  const call = async (token: AccessToken) => {
    seen = token;
    return inTime(handler({ connection, token, signal: AbortSignal.any([signal, deadline]) }), deadline);
  };
  let result: EndedSync;
  try {
    await freshen(engine, fresh, connectionId, minTtlSeconds);
    result = judge(await withAccessToken(engine, fresh, connectionId, call, { minTtlSeconds }));
  } catch (error) {
    if (error instanceof EvertokenError && (error.code === "store_unavailable" || error.code === "closing"))
      throw error;
    result = deadline.aborted ? tooLong(engine.config.sync.timeoutMs) : judgeError(error);
  } finally {
    hold.stopRenewing();
  }
  const secrets = seen === null ? [] : [(seen as AccessToken).accessToken];
  const clean = result.message === null ? result : { ...result, message: sanitize(result.message, secrets) };
  await record(engine, connectionId, clean as EndedSync, { lastAttempt, requestedAt: hold.requestedAt });
  return clean as EndedSync;
}

/** What the handler brings. One that hangs, and does not heed its signal either, is left behind: its place is needed. */
function inTime<T>(running: Promise<T>, deadline: AbortSignal): Promise<T> {
  const leave = Promise.withResolvers<never>();
  const told = () => setTimeout(() => leave.reject(new Error("too long")), farewellMs);
  deadline.addEventListener("abort", told, { once: true });
  return Promise.race([running, leave.promise]).finally(() => deadline.removeEventListener("abort", told));
}

/** So that the refresh log says what it was for; a refresh that fails is judged by whoever asks for the token. */
async function freshen(engine: Engine, fresh: FreshToken, connectionId: string, minTtlSeconds: number): Promise<void> {
  const row = await readTarget(engine, connectionId);
  const lives =
    row.expires_at === null || row.expires_at.getTime() - engine.clock.now().getTime() > minTtlSeconds * 1000;
  const refreshable = row.auth_type === "oauth2" && row.status !== "disconnected" && row.status !== "needs_reauth";
  if (lives || !refreshable || isNew(engine, row)) return;
  await fresh.replace({ connectionId, generation: row.generation, trigger: "sync", force: false });
}

function judge(value: unknown): EndedSync {
  const status = statusOf(value);
  if (status === 401) return tokenRefused;
  if (status === 403) return scopeMissing;
  if (status !== null && status >= 400) return failure("handler_failed", `the API answers ${status}`, true);
  return { kind: "success", message: typeof value === "string" && value !== "" ? value : null };
}

function judgeError(error: unknown): EndedSync {
  if (error instanceof EvertokenError) return failure(error.code, error.message, passing.has(error.code));
  const status = statusOf(error);
  if (status === 401) return tokenRefused;
  if (status === 403) return scopeMissing;
  return failure("handler_failed", error instanceof Error ? error.message : "the handler failed", true);
}

const passing: ReadonlySet<EvertokenErrorCode> = new Set([
  "provider_unavailable",
  "rate_limited",
  "answer_lost",
  "mass_denial",
  "timed_out",
  "queue_unavailable",
]);

const failure = (code: SyncErrorCode, message: string, retry: boolean): EndedSync => ({
  kind: "error",
  code,
  message,
  retry,
});
const tokenRefused = failure("token_refused", "the API refuses a fresh token (HTTP 401)", false);
const scopeMissing = failure("insufficient_scope", "the API answers HTTP 403: a scope is missing", false);

const tooLong = (ms: number) => failure("timed_out", `the sync took longer than ${ms / 1000} s`, true);

/** A request that came during the run is still to be fulfilled: it stays pending, so that it outlives its job in Redis. */
async function record(
  { pool }: Engine,
  id: string,
  result: EndedSync,
  { lastAttempt, requestedAt }: { lastAttempt: boolean; requestedAt: Date | null },
): Promise<void> {
  const pending = result.kind === "error" && result.retry && !lastAttempt;
  const status = result.kind === "success" ? "success" : pending ? "pending" : "error";
  const message = result.kind === "success" ? result.message : `${result.code}: ${result.message}`;
  await withStore(() =>
    pool.query(
      `UPDATE connections SET last_sync_at = now(), last_sync_message = $3, sync_owner = NULL, sync_until = NULL,
         last_sync_status = CASE WHEN sync_requested_at IS DISTINCT FROM $4 THEN 'pending' ELSE $2 END
       WHERE id = $1`,
      [id, status, message, requestedAt],
    ),
  );
}
