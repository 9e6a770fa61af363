import { didYouMean } from "@evertoken/adapters";
import { EvertokenError, type ImportInput, type KeepReason } from "@evertoken/engine";
import { concernsAll, importFields, type PlannedImport } from "@evertoken/engine/internal";
import type { Opened } from "../open.ts";
import { isObject } from "./look-up.ts";
import { inWords, type Place } from "./row.ts";
import type { SeenKeys } from "./seen-keys.ts";

export interface StoredRow extends Place {
  /** null: a dry run, of an account that is not known yet. */
  readonly id: string | null;
  readonly generation: number | null;
  readonly reconnected: boolean;
  readonly nextRefreshAt: Date | null;
  /** false: Redis is away; reconcile adds the job when it is back. */
  readonly scheduled: boolean;
  /** What was pasted along with a token and taken off it, by field. */
  readonly warnings: readonly string[];
}

/** An account that is known and was left as it is, or a row that is no grant. */
export interface SkippedRow extends Place {
  readonly id: string | null;
  readonly why: KeepReason | "known" | "no_grant";
}

export type Done =
  | { readonly kind: "stored"; readonly row: StoredRow }
  | { readonly kind: "skipped"; readonly row: SkippedRow }
  | { readonly kind: "bad"; readonly row: BadRow };

/** Nothing of it is stored. */
export interface BadRow extends Place {
  readonly code: string;
  readonly message: string;
}

export interface RowRules {
  /** Leave accounts alone that are connected already, or that were connected since this time; null: take all. */
  readonly skip: "known" | Date | null;
  /** Even accounts whose stored tokens may be newer. */
  readonly overwrite: boolean;
  /** Tokens are encrypted under this key unless a row says `"encrypted": false`. */
  readonly legacyKey: string | null;
  /** Judges a row in place of storing it. */
  readonly plan: ((input: ImportInput) => Promise<PlannedImport>) | null;
  /** The accounts so far. */
  readonly seen: SeenKeys;
  /** Of a dry run: the refresh tokens so far. Otherwise the database knows. */
  readonly seenGrants: SeenKeys;
}

export const badRow = (place: Place, code: string, message: string): Done => ({
  kind: "bad",
  row: { ...place, code, message },
});

/**
 * Imports one row in our words: stored as a whole, or bad and nothing of it stored.
 *
 * @throws when Postgres or Redis is away, or all is being closed
 */
export async function importRow(opened: Opened, place: Place, value: unknown, rules: RowRules): Promise<Done> {
  const account = accountOf(value);
  const earlier = remember(place, value, rules.seen);
  if (earlier !== null) return badRow(place, "invalid_input", `the same account stands in ${inWords(earlier)}`);
  const unknown = unknownField(value);
  if (unknown !== null) return badRow(place, "invalid_input", unknown);
  try {
    if (rules.skip !== null && account !== null) {
      const since = rules.skip === "known" ? {} : { connectedAt: { gte: rules.skip } };
      const where = { ...account, ...since };
      const known = await opened.engine.prisma.connection.findFirst({ where, select: { id: true } });
      if (known !== null) return { kind: "skipped", row: { ...place, id: known.id, why: "known" } };
    }
    const input = withRules(value, rules) as ImportInput;
    return await (rules.plan === null
      ? store(opened, place, input)
      : foresee(rules.plan, place, input, rules.seenGrants));
  } catch (error) {
    if (error instanceof EvertokenError && !concernsAll(error)) return badRow(place, error.code, error.message);
    throw error;
  }
}

async function store({ evertoken }: Opened, place: Place, input: ImportInput): Promise<Done> {
  const { skipped, ...stored } = await evertoken.connections.import(input);
  if (skipped !== null) return { kind: "skipped", row: { ...place, id: stored.id, why: skipped } };
  return { kind: "stored", row: { ...place, ...stored } };
}

async function foresee(
  plan: NonNullable<RowRules["plan"]>,
  place: Place,
  input: ImportInput,
  seenGrants: SeenKeys,
): Promise<Done> {
  const { id, skipped, grantHash, warnings } = await plan(input);
  if (skipped !== null) return { kind: "skipped", row: { ...place, id, why: skipped } };
  const earlier = grantHash === "" ? null : seenGrants.add(grantHash, place);
  if (earlier !== null)
    return badRow(place, "grant_in_use", `refreshToken: the same one stands in ${inWords(earlier)}`);
  const unstored = { generation: null, nextRefreshAt: null, scheduled: true };
  return { kind: "stored", row: { ...place, id, reconnected: id !== null, warnings, ...unstored } };
}

/** @returns where the same account stands already, or null */
export function remember(place: Place, value: unknown, seen: SeenKeys): Place | null {
  const account = accountOf(value);
  return account === null ? null : seen.add(JSON.stringify(account), place);
}

/** What makes a connection one of its kind; null when the row is too wrong to say. */
function accountOf(value: unknown): { userId: string; provider: string; externalAccountId: string } | null {
  if (!isObject(value)) return null;
  const { userId, provider, externalAccountId: given } = value;
  const externalAccountId = given ?? "default";
  if (typeof userId !== "string" || typeof provider !== "string" || typeof externalAccountId !== "string") return null;
  return { userId: userId.trim(), provider: provider.trim(), externalAccountId: externalAccountId.trim() };
}

function unknownField(value: unknown): string | null {
  const name = isObject(value) ? Object.keys(value).find((each) => !importFields.includes(each)) : undefined;
  if (name === undefined) return null;
  // A long name may be a value that has slipped.
  return `there is no field ${name.length > 40 ? "of such a name" : `"${name}"`}${didYouMean(name, importFields)}`;
}

function withRules(value: unknown, { legacyKey, overwrite }: RowRules): unknown {
  if (!isObject(value)) return value;
  const row = overwrite ? { ...value, overwrite } : value;
  if (legacyKey === null) return row;
  return "encrypted" in value && value.encrypted === false ? row : { ...row, encrypted: true, legacyKey };
}
