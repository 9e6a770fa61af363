export interface Scheduled {
  readonly connectionId: string;
  readonly generation: number;
  readonly jobId: string;
  /** When the job runs; later than now when the provider asked us to wait. */
  readonly dueAt: Date;
}

/** One attempt to refresh a connection. */
export interface RefreshAttempt {
  readonly id: string;
  readonly trigger: string;
  readonly success: boolean;
  readonly outcome: string;
  readonly errorCode: string | null;
  /** Sanitized: never a token. */
  readonly message: string | null;
  readonly httpStatus: number | null;
  readonly durationMs: number;
  readonly oldExpiresAt: Date | null;
  readonly newExpiresAt: Date | null;
  readonly generation: number;
  readonly createdAt: Date;
}

export interface BulkOptions {
  /** Those whose access token ends within this time; null: all that can be refreshed. Default 24 hours. */
  readonly withinMs?: number | null;
  readonly provider?: string;
  /**
   * Instead those that wait for their user, whenever their token ends: to ask once more after a provider has refused many by mistake.
   * Their tokens were kept.
   */
  readonly needsReauth?: boolean;
  /** Say what would be done, and change nothing. */
  readonly dryRun?: boolean;
  /** Give up when not one connection got done for this time. Default 10 minutes. */
  readonly timeoutMs?: number;
  readonly onProgress?: (progress: BulkReport) => void;
  /** Stops waiting: what was begun by then runs all the same. */
  readonly signal?: AbortSignal;
}

export interface BulkReport {
  readonly total: number;
  readonly refreshed: number;
  readonly failed: number;
  /** Not asked for: it needs the user, or we were told to wait, or a circuit is open. */
  readonly skipped: number;
  /** Not done when we stopped. */
  readonly pending: number;
  /** Which they are. Over HTTP only of a dry run, and the first thousand. */
  readonly connectionIds: readonly string[];
  /** Over HTTP the first hundred. */
  readonly failedIds: readonly string[];
}

export interface RequestedSync {
  readonly connectionId: string;
  readonly status: "pending";
  /** The queue that runs it: `sync`, or that of an app with a handler. */
  readonly queue: string;
}
