import { EvertokenError, type ImportInput } from "@evertoken/client";
import { concernsAll } from "@evertoken/client/engine";
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
}

export type Done =
  | { readonly kind: "stored"; readonly row: StoredRow }
  | { readonly kind: "skipped" }
  | { readonly kind: "bad"; readonly line: number; readonly code: string; readonly message: string };

export interface RowRules {
  /** Leave accounts alone that are connected already, or that were connected since this time; null: take all. */
  readonly skip: "known" | Date | null;
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
      if ((await engine.prisma.connection.count({ where: { ...account, ...since } })) > 0) return { kind: "skipped" };
    }
    const input = withLegacyKey(value, rules.legacyKey) as ImportInput;
    return { kind: "stored", row: { line, ...(await evertoken.connections.import(input)) } };
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
  const { userId, provider, externalAccountId = "default" } = value as Record<string, unknown>;
  if (typeof userId !== "string" || typeof provider !== "string" || typeof externalAccountId !== "string") return null;
  return { userId: userId.trim(), provider: provider.trim(), externalAccountId: externalAccountId.trim() };
}

function withLegacyKey(value: unknown, legacyKey: string | null): unknown {
  if (legacyKey === null || typeof value !== "object" || value === null) return value;
  return "encrypted" in value && value.encrypted === false ? value : { ...value, encrypted: true, legacyKey };
}
