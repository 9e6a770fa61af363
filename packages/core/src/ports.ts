import type { CommitRecord, GrantRecord, Lease } from "./commit-record.ts";
import type { CircuitCode, Connection, PlainTokens, Sealed, Trigger } from "./connection.ts";
import type { Fault, Surroundings } from "./fault.ts";
import type { Outcome, RawAnswer } from "./outcome.ts";
import type { RefreshPolicy } from "./policy.ts";
import type { SendLimit } from "./send-limit.ts";
import type { Timing } from "./timing.ts";

/** Who wants a refresh, and what must still be true for it to happen. */
export interface RefreshOrder {
  readonly connectionId: string;
  readonly trigger: Trigger;
  /** Only if this is still the stored generation; null: whichever is. */
  readonly generation: number | null;
  /** Only if it is due. */
  readonly onlyDue: boolean;
  /** Even though the provider asked us to wait, a circuit is open, or the user must reconnect. It counts for one attempt. */
  readonly force: boolean;
}

/** Why a connection could not be claimed. */
export type Refusal =
  | "not_found"
  | "not_refreshable"
  | "disconnected"
  | "needs_reauth"
  | "busy"
  | "moved"
  | "not_due"
  | "throttled"
  | "answer_lost"
  /** It was denied among many, and is asked again later. */
  | "doubted"
  | "provider_throttled"
  | "circuit_open"
  | "cooling_down"
  /** Of the whole installation: the database may not be the true one. */
  | "held"
  /** A job of a higher generation shows that the row is old. */
  | "older_than_its_job";

export type Claim =
  | { readonly kind: "claimed"; readonly lease: Lease }
  | {
      readonly kind: "refused";
      readonly why: Refusal;
      /** When it is worth asking again; null: not by waiting. */
      readonly until: Date | null;
      /** The stored generation and due time, for whoever has to look after the job. */
      readonly generation: number | null;
      readonly nextRefreshAt: Date | null;
      /** Why the circuit opened that stands against it, whatever else does; null: none. */
      readonly circuit: CircuitCode | null;
    };

/**
 * `committed`: stored. `superseded`: the generation had moved and the newer token set won. `deferred`: the store is away; the token
 * set is kept in the spool and will be committed before anything else touches the connection.
 */
export type Committed = "committed" | "superseded" | "deferred";

/** The truth. Both are one conditional statement each, and hold no transaction open. */
export interface Store {
  claim(order: RefreshOrder, now: Date): Promise<Claim>;
  commit(record: CommitRecord): Promise<Exclude<Committed, "deferred">>;
  /** Writes down that this connection met a fault, then looks around: of attempts that meet here, the last one sees all. */
  meetFault(met: MetFault): Promise<Surroundings>;
}

export interface MetFault extends Fault {
  readonly connection: Connection;
  readonly fingerprint: string;
  /** See `isKnown`. */
  readonly known: boolean;
}

/** Where a new token set survives while the store is away, or its holder dies. */
export interface Spool {
  /** Before the commit, for the case that the process is killed meanwhile. Takes microseconds, and never fails. */
  note(record: GrantRecord): void;
  /** The noted one is kept, or was not wanted, or is committed and copied. */
  strike(record: GrantRecord): void;
  keep(record: GrantRecord): Promise<void>;
  /** A kept token set of this connection and generation, from any process. */
  find(connectionId: string, generation: number): Promise<GrantRecord | null>;
  drop(record: GrantRecord): Promise<void>;
}

export type TokenColumn = "access_token" | "refresh_token";

/** Whose a token is, and with which client registration at which provider it may be used. */
export type TokenOwner = Pick<Connection, "id" | "provider" | "registration">;

/** Encryption at rest, bound to row, column, provider and registration: where a token may be sent is not for a row to say. */
export interface Vault {
  /** @throws when the text was altered, or moved to another row, provider or registration, or its key is not in the ring */
  open(sealed: Sealed, owner: TokenOwner, column: TokenColumn): string;
  seal(plain: string, owner: TokenOwner, column: TokenColumn): Sealed;
}

/** What is found of a provider: its rules; a misconfiguration of ours; or why nobody can tell at the moment which of the two. */
export type FoundRules =
  | ProviderRules
  | { readonly kind: "misconfigured"; readonly reason: string }
  | { readonly kind: "unread"; readonly reason: string };

/** A provider as the refresh path sees it: its data, one effect and one judgement. */
export interface ProviderRules {
  readonly kind: "known";
  readonly policy: RefreshPolicy;
  /** Of our client id and secret: a circuit that opened for another secret does not count. */
  readonly fingerprint: string;
  /** Hash of our client id alone: a refresh token is bound to it (RFC 6749 section 10.4), and worth nothing to another. */
  readonly client: string;
  /**
   * Keyed hash of a refresh token at the endpoint and client that it is worth something at: of all connections one may hold it. Empty: it
   * does not rotate, and may be held by many; null: cannot be computed now.
   */
  grantHash(refreshToken: string, metadata: Connection["metadata"]): string | null;
  /** Sends at most one request, and none later than `sendBy`. Never throws for what the network or the provider does. */
  ask(connection: Connection, tokens: PlainTokens, sendBy: SendLimit): Promise<RawAnswer | Outcome>;
  classify(answer: RawAnswer, tokens: PlainTokens, now: Date): Outcome;
}

export interface RefreshDeps {
  readonly store: Store;
  readonly spool: Spool;
  readonly vault: Vault;
  readonly timing: Timing;
  /** Never throws: the lease is held. */
  providerOf(connection: Connection): Promise<FoundRules>;
  now(): Date;
  /** In [0, 1). */
  random(): number;
  /** Resolves after this time, or as soon as the signal is aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** Jobs, events and the copy that follow from a commit; strikes a token set once it is copied. Never throws: reconcile heals the rest. */
  announce(record: CommitRecord): Promise<void>;
  /** Log lines and metrics. Never throws. */
  observe(observation: Observation): void;
}

/** What happened, for the one subscriber that turns it into log lines and metrics. */
export type Observation =
  | { readonly kind: "settled"; readonly record: CommitRecord; readonly committed: Committed }
  | { readonly kind: "found_in_spool"; readonly connectionId: string; readonly generation: number }
  /** Neither Redis nor the disk took a new token set that is not committed yet. */
  | { readonly kind: "keep_failed"; readonly connectionId: string; readonly error: unknown }
  | {
      readonly kind: "commit_deferred";
      readonly connectionId: string;
      /** false: neither Redis nor the disk takes it; it lives in memory only until one of them does. */
      readonly kept: boolean;
      readonly error: unknown;
    };
