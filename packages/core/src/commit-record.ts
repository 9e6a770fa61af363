import type { CircuitCode, Connection, ErrorCode, Sealed, Trigger } from "./connection.ts";
import type { OutcomeKind } from "./outcome.ts";
import type { SendLimit } from "./send-limit.ts";
import type { Setback, Store } from "./transition.ts";

/** The tokens of a {@link Store}, encrypted for their row and column. `refreshToken` null keeps the stored one. */
export interface SealedTokens {
  readonly accessToken: Sealed;
  readonly refreshToken: Sealed | null;
  /** Of the refresh token, to tell whether another connection holds it; left out or null: not computed. Records of a former version lack it. */
  readonly grantHash?: string | null;
  readonly tokenType: string | null;
  readonly scopes: readonly string[] | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * One attempt, ready to be committed: everything that the statement needs and nothing that must not be written down, so that it can
 * be kept in the spool as it is.
 */
export type CommitRecord = GrantRecord | SetbackRecord;

/** A new token set: kept in the spool until it is stored, whatever happens. */
export type GrantRecord = RecordOf<Omit<Store, "tokens"> & { readonly tokens: SealedTokens }>;

/** May be forgotten: its lease runs out, and the attempt is repeated. */
export type SetbackRecord = RecordOf<Setback>;

export function isGrant(record: CommitRecord): record is GrantRecord {
  return record.transition.kind === "store";
}

interface RecordOf<T> {
  readonly connectionId: string;
  readonly userId: string;
  readonly provider: string;
  readonly registration: string;
  readonly fingerprint: string;
  readonly client: string;
  /** The generation that was spent: the commit is conditional on it. */
  readonly generation: number;
  readonly leaseOwner: string;
  readonly transition: T;
  readonly log: RefreshLogEntry;
}

export interface RefreshLogEntry {
  readonly trigger: Trigger;
  readonly outcome: OutcomeKind;
  readonly errorCode: ErrorCode | null;
  readonly message: string | null;
  readonly httpStatus: number | null;
  readonly durationMs: number;
  readonly oldExpiresAt: Date | null;
  /** When the refresh was due. */
  readonly dueAt: Date | null;
  readonly at: Date;
}

/** The lease: the right to spend a connection's refresh token, held by one process at a time. */
export interface Lease {
  readonly owner: string;
  readonly connection: Connection;
  /** Whoever comes to the sending later than this leaves it: the lease may be another's by then. */
  readonly sendBy: SendLimit;
  /** The previous holder let its lease run out without a commit: what became of its request is not known. */
  readonly abandonedSince: Date | null;
  /** This attempt is the one probe of an open circuit. */
  readonly probing: boolean;
  /** The fault that it has met before others were granted, or for which it is marked already; null: none. */
  readonly ownFault: CircuitCode | null;
  /** Fingerprint of the registration with which the provider granted something last; null: nothing yet. */
  readonly grantedWith: string | null;
}
