import type { Attempted } from "./attempt.ts";
import type { Lease } from "./commit-record.ts";
import { faultOf, isKnown, type SecretStanding } from "./fault.ts";
import type { MetFault } from "./ports.ts";

/** What is known of an attempt, besides its answer, that tells whose fault the answer may be. */
export interface Blame {
  /** This attempt was the one probe of an open circuit. */
  readonly probing: boolean;
  /** Hash of the client id that the token set was granted to, when it is not the one we asked with. */
  readonly foreignClient: string | null;
  readonly secret: SecretStanding;
  /** It has met this fault before, and others were granted since; or it is marked for it already. */
  readonly own: boolean;
}

/** Whose fault an answer may be, and the fault to write down; `met` null: the answer is judged by itself. */
export function blameOf(
  lease: Lease,
  { outcome, rules }: Attempted,
): { readonly met: MetFault | null; readonly blame: Blame } {
  const { connection, probing } = lease;
  const { fingerprint, client } = rules;
  const secret = secretOf(lease, fingerprint);
  const foreignClient = connection.client === client ? null : connection.client;
  const fault = faultOf(outcome.kind, { foreignClient, secret });
  // What another secret than ours was granted says nothing about whose fault ours is.
  const own = fault !== null && lease.ownFault === fault.code && secret !== "changed";
  const met = fault === null ? null : { ...fault, connection, fingerprint, known: isKnown(connection, own) };
  return { met, blame: { probing, foreignClient, secret, own } };
}

function secretOf({ grantedWith }: Lease, fingerprint: string): SecretStanding {
  if (grantedWith === null) return "new";
  return grantedWith === fingerprint ? "proven" : "changed";
}
