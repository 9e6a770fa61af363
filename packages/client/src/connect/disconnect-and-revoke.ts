import { type Disconnected, describeError, disconnect } from "@evertoken/adapters";
import type { Sealed, TokenColumn } from "@evertoken/core";
import { revokeRequest } from "@evertoken/providers";
import { nudgeDelivery } from "../announce.ts";
import { getConnection } from "../connections.ts";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";

export interface DisconnectReport {
  /** false: it was disconnected already. */
  readonly disconnected: boolean;
  /** `no`: the provider did not confirm it in time; the tokens are erased here all the same. */
  readonly revoked: "yes" | "no" | "not_supported";
}

const revokeWithinMs = 10_000;

/**
 * Erases the tokens here, of its children too, then ends the grant at the provider (RFC 7009 or its own way). In this order: a refresh
 * that is under way cannot bring tokens back, and what is revoked are the very tokens that were erased.
 *
 * @throws {EvertokenError}
 */
export async function disconnectAndRevoke(engine: Engine, id: string): Promise<DisconnectReport> {
  await getConnection(engine, id);
  const gone = await withStore(() => disconnect(engine.pool, id, new Date()));
  await removeJobs(engine, gone);
  const own = gone.find((row) => row.id === id);
  return { disconnected: own !== undefined, revoked: own === undefined ? "not_supported" : await revoke(engine, own) };
}

async function removeJobs({ queues }: Engine, gone: readonly Disconnected[]): Promise<void> {
  try {
    for (const { provider, id, generation } of gone) await queues.remove(provider, id, generation);
    if (gone.length > 0) await nudgeDelivery(queues);
  } catch {
    // Redis is away: the job finds nothing to refresh, or reconcile removes it before.
  }
}

/** Never throws: the user's wish is fulfilled here, whatever the provider does. */
async function revoke(engine: Engine, row: Disconnected): Promise<DisconnectReport["revoked"]> {
  // A derived token's request would end its parent's grant.
  if (row.auth_type !== "oauth2") return "not_supported";
  try {
    const provider = (await engine.providers.find(row.provider))?.provider;
    if (provider === undefined || provider.revoke === null) return "not_supported";
    const registration = await engine.registrations.find(row.provider, row.registration);
    if (registration === null) return "no";
    const tokens = {
      accessToken: opened(engine, row.id, "access_token", row.access_token),
      refreshToken: opened(engine, row.id, "refresh_token", row.refresh_token),
    };
    const { metadata, scopes } = row;
    const request = revokeRequest(provider, { registration, connection: { metadata, scopes }, tokens });
    if (request === null) return "no";
    const answer = await engine.exchange(request, AbortSignal.timeout(revokeWithinMs));
    const said = answer.kind === "failure" ? answer.code : `HTTP ${answer.status}`;
    if (answer.kind === "response" && answer.status >= 200 && answer.status < 300) return "yes";
    engine.logger.warn({ connection: row.id, reason: said }, `[${row.provider}] not revoked at the provider`);
    return "no";
  } catch (error) {
    engine.logger.warn(
      { connection: row.id, err: describeError(error) },
      `[${row.provider}] not revoked at the provider`,
    );
    return "no";
  }
}

/** The other one may still do: some providers take either. */
function opened({ keyring }: Engine, id: string, column: TokenColumn, sealed: Sealed | null): string | null {
  if (sealed === null) return null;
  try {
    return keyring.open(sealed, id, column);
  } catch {
    return null;
  }
}
