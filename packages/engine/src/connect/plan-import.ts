import { type AccountKey, createBatcher, grantHoldings, type KnownRow, knownAccounts } from "@evertoken/adapters";
import type { ImportInput, KeepReason } from "@evertoken/client";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";
import { grantInUse, prepareImport, reasonToKeep } from "./import-connection.ts";

/** What an import of a token set would do now. Nothing is stored. */
export interface PlannedImport {
  /** The account as it is connected already; null: it would be new. */
  readonly id: string | null;
  readonly skipped: KeepReason | null;
  /** Tells two rows with one refresh token apart, where it can be spent only once; empty: nothing to guard. */
  readonly grantHash: string;
  readonly warnings: readonly string[];
}

const batching = { maxSize: 500, maxRunning: 2 };

/** The same judgement as that of an import, by reading alone; many at once share a statement. It throws what the import would. */
export function createImportPlanner(engine: Engine): (input: ImportInput) => Promise<PlannedImport> {
  const { pool } = engine;
  const findKnown = createBatcher<AccountKey, KnownRow | null>((keys) => knownAccounts(pool, keys), batching);
  const findHolding = createBatcher((hashes: readonly string[]) => grantHoldings(pool, hashes), batching);
  return async (input) => {
    const { configured, order, grant } = await prepareImport(engine, input);
    const { warnings } = order;
    const known = await withStore(() => findKnown(order));
    const skipped = known === null ? null : reasonToKeep(engine, configured, order, known);
    if (known !== null && skipped !== null) return { id: known.id, skipped, grantHash: "", warnings };
    const metadata = { ...known?.metadata, ...order.metadata };
    const { registration, tokens } = grant;
    const grantHash =
      engine.grants.hash({ ...configured, registration, metadata, refreshToken: tokens.refreshToken }) ?? "";
    const holding = grantHash === "" ? null : await withStore(() => findHolding(grantHash));
    if (holding !== null && holding.holder.id !== known?.id) throw grantInUse(holding);
    const spentHere = holding?.spent === true && !order.overwrite;
    return { id: known?.id ?? null, skipped: spentHere ? "not_newer" : null, grantHash, warnings };
  };
}
