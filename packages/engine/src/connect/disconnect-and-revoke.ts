import { type Disconnected, disconnect, dropRevocation } from "@evertoken/adapters";
import type { ConnectionView } from "@evertoken/client";
import type { TokenColumn } from "@evertoken/core";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";
import { nudgeDelivery } from "../refresh/announce.ts";
import { getConnection } from "./connections.ts";
import { revokeGrant } from "./revoke-grant.ts";

export interface DisconnectReport {
  /** false: it was disconnected already. */
  readonly disconnected: boolean;
  /** `later`: the provider did not answer, and is asked again. `no`: it refuses, or cannot be asked any more. */
  readonly revoked: "yes" | "no" | "later" | "not_supported";
}

/**
 * Erases the tokens here, of its children too, then ends the grant at the provider (RFC 7009 or its own way). In this order: a refresh
 * that is under way cannot bring tokens back, and what is revoked are the very tokens that were erased. The one that the provider wants to
 * see is kept apart, where nothing but a revocation looks, until the provider confirms it, for `REVOKE_RETRY_FOR_MS` at most.
 *
 * @throws {EvertokenError}
 */
export async function disconnectAndRevoke(engine: Engine, id: string): Promise<DisconnectReport> {
  return engine.work.run(() => eraseAndRevoke(engine, id));
}

async function eraseAndRevoke(engine: Engine, id: string): Promise<DisconnectReport> {
  const token = await revokedBy(engine, await getConnection(engine, id));
  const kept = engine.config.revokeRetryForMs > 0 ? token : null;
  const gone = await withStore(() => disconnect(engine.pool, id, engine.clock.now(), kept));
  await removeJobs(engine, gone);
  const own = gone.find((row) => row.id === id);
  if (own === undefined || token === null) return { disconnected: own !== undefined, revoked: "not_supported" };
  const revoked = await revokeGrant(engine, { ...own, connection_id: own.id });
  const { revocation_id: revocation } = own;
  // Should it stay behind, the next attempt finds that the grant has ended.
  if (revoked !== "later" && revocation !== null) await dropRevocation(engine.pool, revocation).catch(() => {});
  return { disconnected: true, revoked: revoked === "later" && revocation === null ? "no" : revoked };
}

/** Which token ends the grant; null: none does. A derived token's request would end its parent's grant. */
async function revokedBy({ providers }: Engine, { provider, authType }: ConnectionView): Promise<TokenColumn | null> {
  if (authType !== "oauth2") return null;
  return (await withStore(() => providers.find(provider)))?.provider.revoke?.token ?? null;
}

async function removeJobs({ queues }: Engine, gone: readonly Disconnected[]): Promise<void> {
  try {
    for (const { provider, id, generation } of gone) await queues.remove(provider, id, generation);
    if (gone.length > 0) await nudgeDelivery(queues);
  } catch {
    // Redis is away: the job finds nothing to refresh, or reconcile removes it before.
  }
}
