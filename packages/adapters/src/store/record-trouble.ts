import { DatabaseError } from "pg";

/**
 * What a failed statement says about the record that it was for. `away`: nothing, the server is not there, or is not what it should be.
 * `passing`: it is there, and may take this record in a moment. `refused`: it is there, and will not take it as it is.
 */
export type RecordTrouble = { readonly kind: "away" | "passing" } | { readonly kind: "refused"; readonly why: string };

/** Appendix A of Postgres' manual, by class: data, integrity, limits of a program, an internal fault such as one damaged page. */
const refusing = new Set(["22", "23", "54", "XX"]);
/** Rolled back or cancelled: another transaction stood in the way. */
const passing = new Set(["40", "55", "57014"]);

export function troubleWithRecord(error: unknown): RecordTrouble {
  // A fault of ours in making a statement of this record.
  if (error instanceof TypeError || error instanceof RangeError) return { kind: "refused", why: error.name };
  if (!(error instanceof DatabaseError) || error.code === undefined) return { kind: "away" };
  const { code } = error;
  // The message may quote what it was given.
  if (refusing.has(code.slice(0, 2))) return { kind: "refused", why: `Postgres refuses it (${code})` };
  return { kind: passing.has(code.slice(0, 2)) || passing.has(code) ? "passing" : "away" };
}
