import type { CircuitCode, ConnectionStatus, ErrorCode } from "./connection.ts";
import type { EventName } from "./event.ts";
import type { GrantedTokens } from "./outcome.ts";

/** A decision as a value: what to store, when to come back, whom to tell. Applied by one conditional statement. */
export type Transition = Store | Setback;

/** A new token set came: generation +1. */
export interface Store {
  readonly kind: "store";
  readonly tokens: GrantedTokens;
  readonly expiresAt: Date | null;
  readonly refreshTokenExpiresAt: Date | null;
  /** The end that no refresh can move. */
  readonly grantEndsAt: Date | null;
  readonly nextRefreshAt: Date | null;
  /** Worth an operator's eye though all went well, such as a narrower scope. */
  readonly message: string | null;
  readonly provider: Extract<ProviderChange, { kind: "close_circuit" | "prove" }> | null;
  readonly events: readonly EventName[];
}

/** No new tokens; the stored ones stay as they are, whatever happened. */
export interface Setback {
  readonly kind: "setback";
  /** `retry`: BullMQ's backoff counts it. `postpone`: come back later, uncounted. `stop`: only the user can help. */
  readonly job: "retry" | "postpone" | "stop";
  readonly status: ConnectionStatus;
  readonly errorCode: ErrorCode | null;
  readonly message: string | null;
  /** When the job comes back; null with `stop`. */
  readonly resumeAt: Date | null;
  /** The due time to store; differs from `resumeAt` where the connection itself is not to be marked. */
  readonly nextRefreshAt: Date | null;
  readonly notBefore: Date | null;
  readonly failingSince: Date | null;
  readonly consecutiveFailures: number;
  readonly lostAnswers: number;
  readonly provider: Exclude<ProviderChange, { kind: "prove" }> | null;
  readonly events: readonly EventName[];
}

/** What an answer tells about the provider as a whole. */
export type ProviderChange =
  | { readonly kind: "throttle"; readonly until: Date }
  | {
      readonly kind: "open_circuit";
      /**
       * `invalid_client`: our registration is refused. `unknown_answer`: most connections get answers that nobody has described.
       * `mass_denial`: more grants are denied at once than can be believed.
       */
      readonly code: CircuitCode;
      /** Hash of the client id whose grants it is about; empty: all. */
      readonly of: string;
      readonly reason: string;
      readonly nextProbeAt: Date;
      readonly reopened: number;
      /** Others met the same: whoever was marked for it alone was not at fault. */
      readonly fromMany: boolean;
    }
  | {
      readonly kind: "close_circuit";
      /** Hash of the client id that the grant was given to: one of its own may be open besides that of all. */
      readonly of: string | null;
      /** So many denials have stood for hours: they are meant. */
      readonly believed: boolean;
    }
  /** Our registration is as the provider wants it. */
  | { readonly kind: "prove" };
