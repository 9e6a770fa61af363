import { EvertokenError, type ImportInput, type KeepReason } from "@evertoken/engine";
import { concernsAll } from "@evertoken/engine/internal";
import type { Opened } from "../open.ts";
import type { Row } from "../rows.ts";

export interface StoredRow {
  readonly line: number;
  readonly id: string;
  readonly generation: number;
  readonly reconnected: boolean;
  readonly nextRefreshAt: Date | null;
  /** false: Redis is away; reconcile adds the job when it is back. */
  readonly scheduled: boolean;
  /** What was pasted along with a token and taken off it, by field. */
  readonly warnings: readonly string[];
}

/** An account that is known and was left as it is. */
export interface SkippedRow {
  readonly line: number;
  readonly id: string;
  readonly why: KeepReason | "known";
}

export type Done =
  | { readonly kind: "stored"; readonly row: StoredRow }
  | { readonly kind: "skipped"; readonly row: SkippedRow }
  | { readonly kind: "bad"; readonly line: number; readonly code: string; readonly message: string };

export interface RowRules {
  /** Leave accounts alone that are connected already, or that were connected since this time; null: take all. */
  readonly skip: "known" | Date | null;
  /** Even accounts whose stored tokens may be newer. */
  readonly overwrite: boolean;
  /** Tokens are encrypted under this key unless a row says `"encrypted": false`. */
  readonly legacyKey: string | null;
  /** The line of each account so far. */
  readonly seen: Map<string, number>;
}

/** Imports one row: stored as a whole, or bad and nothing of it stored. @throws when Postgres or Redis is away, or all is being closed */
export async function importRow({ engine, evertoken }: Opened, row: Row, rules: RowRules): Promise<Done> {
  const { line, value, toEnd } = row;
  const bad = (code: string, message: string): Done => ({ kind: "bad", line, code, message });
  // The parser's own message would quote the row, and with it a token.
  if (value === undefined)
    return bad("invalid_input", toEnd ? "from here to the end this is not JSON" : "this is not JSON");
  const account = accountOf(value);
  const earlier = remember(row, rules.seen);
  if (earlier !== null) return bad("invalid_input", `the same account stands in line ${earlier}`);
  try {
    if (rules.skip !== null && account !== null) {
      const since = rules.skip === "known" ? {} : { connectedAt: { gte: rules.skip } };
      const known = await engine.prisma.connection.findFirst({ where: { ...account, ...since }, select: { id: true } });
      if (known !== null) return { kind: "skipped", row: { line, id: known.id, why: "known" } };
    }
    const input = withRules(value, rules) as ImportInput;
    const { skipped, ...stored } = await evertoken.connections.import(input);
    if (skipped !== null) return { kind: "skipped", row: { line, id: stored.id, why: skipped } };
    return { kind: "stored", row: { line, ...stored } };
  } catch (error) {
    if (error instanceof EvertokenError && !concernsAll(error)) return bad(error.code, error.message);
    throw error;
  }
}

/** @returns the line where the same account stands already, or null */
export function remember({ line, value }: Row, seen: Map<string, number>): number | null {
  const account = accountOf(value);
  if (account === null) return null;
  const key = JSON.stringify(account);
  const earlier = seen.get(key);
  if (earlier === undefined) seen.set(key, line);
  return earlier ?? null;
}

/** What makes a connection one of its kind; null when the row is too wrong to say. */
function accountOf(value: unknown): { userId: string; provider: string; externalAccountId: string } | null {
  if (typeof value !== "object" || value === null) return null;
  const { userId, provider, externalAccountId: given } = value as Record<string, unknown>;
  const externalAccountId = given ?? "default";
  if (typeof userId !== "string" || typeof provider !== "string" || typeof externalAccountId !== "string") return null;
  return { userId: userId.trim(), provider: provider.trim(), externalAccountId: externalAccountId.trim() };
}

function withRules(value: unknown, { legacyKey, overwrite }: RowRules): unknown {
  if (typeof value !== "object" || value === null) return value;
  const row = overwrite ? { ...value, overwrite } : value;
  if (legacyKey === null) return row;
  return "encrypted" in value && value.encrypted === false ? row : { ...row, encrypted: true, legacyKey };
}
