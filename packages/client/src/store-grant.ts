import { type NewConnection, type Stored, upsert } from "@evertoken/adapters";
import { dueAt, type RefreshPolicy } from "@evertoken/core";
import { nudgeDelivery } from "./announce.ts";
import { derives, type Engine } from "./engine.ts";
import { withStore } from "./evertoken-error.ts";

export interface StoredGrant extends Stored {
  readonly nextRefreshAt: Date | null;
  /** false: Redis is away; reconcile adds the job when it is back. */
  readonly scheduled: boolean;
}

/** A token set from outside, of connecting, reconnecting or importing: stored with its due time, then scheduled. @throws {EvertokenError} */
export async function storeGrant(
  engine: Engine,
  policy: RefreshPolicy,
  connection: NewConnection,
  tokens: { readonly accessToken: string; readonly refreshToken: string | null },
  now: Date,
): Promise<StoredGrant> {
  const { keyring } = engine;
  const { accessToken, refreshToken } = tokens;
  let nextRefreshAt: Date | null = null;
  const forRow = (id: string) => {
    nextRefreshAt = dueOf(id, connection, refreshToken !== null, policy, engine, now);
    return {
      accessToken: keyring.seal(accessToken, id, "access_token"),
      refreshToken: refreshToken === null ? null : keyring.seal(refreshToken, id, "refresh_token"),
      nextRefreshAt,
    };
  };
  const stored = await withStore(() => upsert(engine.pool, connection, forRow, now));
  return { ...stored, nextRefreshAt, scheduled: await schedule(engine, connection.provider, stored, nextRefreshAt) };
}

function dueOf(
  id: string,
  { authType, expiresAt, refreshTokenExpiresAt }: NewConnection,
  hasRefreshToken: boolean,
  policy: RefreshPolicy,
  { config }: Engine,
  now: Date,
): Date | null {
  if (authType !== "oauth2") return null;
  const refreshable = policy.spends === "access_token" || (policy.spends === "refresh_token" && hasRefreshToken);
  const lifetime = { connectionId: id, issuedAt: now, expiresAt, refreshTokenExpiresAt, refreshable };
  return dueAt(lifetime, policy, config.timing);
}

async function schedule(
  engine: Engine,
  provider: string,
  stored: Stored,
  nextRefreshAt: Date | null,
): Promise<boolean> {
  const { id, generation } = stored;
  try {
    if (stored.reconnected) await engine.queues.remove(provider, id, generation - 1);
    if (nextRefreshAt !== null) await engine.queues.add({ id, provider, generation, dueAt: nextRefreshAt });
    if (derives(engine.providers, provider)) await engine.queues.derive(id, generation);
    await nudgeDelivery(engine.queues);
    return true;
  } catch {
    return false;
  }
}
