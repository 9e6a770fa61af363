import { type GrantHolder, type KnownRow, type NewConnection, type Stored, upsert } from "@evertoken/adapters";
import { dueAt, type RefreshPolicy } from "@evertoken/core";
import type { ConfiguredProvider, Registration } from "@evertoken/providers";
import { derives, type Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";
import { nudgeDelivery } from "../refresh/announce.ts";
import { ConnectRefused } from "./connect-refusal.ts";

/** A token set from outside: of connecting, reconnecting or importing. */
export interface BroughtGrant {
  readonly connection: NewConnection;
  /** What it belongs to; null: not known here. */
  readonly registration: Pick<Registration, "clientId"> | null;
  /** An access token that is not there is fetched with the refresh token. */
  readonly tokens: { readonly accessToken: string | null; readonly refreshToken: string | null };
  /** Of an import, which may be older than what is stored: `forced` takes it all the same. */
  readonly brought: "checked" | "forced" | null;
  /** Nobody knows when the access token ends: it is refreshed soon, and not when it may be too late. */
  readonly endUnknown: boolean;
  /** Where it waited for the app's word; left out: nowhere. */
  readonly pendingId?: string | null;
}

export interface StoredGrant extends Stored {
  readonly nextRefreshAt: Date | null;
  /** false: Redis is away; reconcile adds the job when it is back. */
  readonly scheduled: boolean;
}

export type GrantStored<Why = never> =
  | ({ readonly kind: "stored" } & StoredGrant)
  /** Another connection holds the refresh token, or has spent it. */
  | { readonly kind: "held"; readonly holder: GrantHolder; readonly spent: boolean }
  /** What is stored of this account stays; null: it came from the very token that is brought. */
  | { readonly kind: "kept"; readonly known: KnownRow; readonly why: Why | null };

/**
 * Stores the token set with its due time, then schedules it.
 *
 * @param whyKeep asked about an account that is known; an answer leaves it as it is
 * @throws {EvertokenError}
 * @throws {ConnectRefused} `confirmation_expired`: it waits no more, since it was stored already, or dropped
 */
export async function storeGrant<Why = never>(
  engine: Engine,
  { provider, policy }: Pick<ConfiguredProvider, "provider" | "policy">,
  grant: BroughtGrant,
  now: Date,
  whyKeep: (known: KnownRow) => Why | null = () => null,
): Promise<GrantStored<Why>> {
  const { keyring, grants } = engine;
  const { connection, registration, tokens } = grant;
  const { accessToken, refreshToken } = tokens;
  let nextRefreshAt: Date | null = null;
  let why: Why | null = null;
  const forRow = (id: string, known: KnownRow | null) => {
    why = known === null ? null : whyKeep(known);
    if (why !== null) return null;
    nextRefreshAt = dueOf(id, grant, policy, engine, now);
    const metadata = { ...known?.metadata, ...connection.metadata };
    const owner = { ...connection, id };
    return {
      accessToken: accessToken === null ? null : keyring.seal(accessToken, owner, "access_token"),
      refreshToken: refreshToken === null ? null : keyring.seal(refreshToken, owner, "refresh_token"),
      grantHash: grants.hash({ provider, registration, metadata, refreshToken }),
      brought: grant.brought,
      nextRefreshAt,
    };
  };
  const stored = await withStore(() => upsert(engine.pool, connection, forRow, now, grant.pendingId ?? null));
  if (stored.kind === "gone") throw new ConnectRefused("confirmation_expired");
  if (stored.kind === "held") return stored;
  if (stored.kind === "kept") return { ...stored, why };
  return { ...stored, nextRefreshAt, scheduled: await schedule(engine, connection.provider, stored, nextRefreshAt) };
}

function dueOf(
  id: string,
  { connection, tokens, endUnknown }: BroughtGrant,
  policy: RefreshPolicy,
  { config }: Engine,
  now: Date,
): Date | null {
  const { authType, expiresAt, refreshTokenExpiresAt } = connection;
  if (authType !== "oauth2") return null;
  const refreshable =
    policy.spends === "access_token" || (policy.spends === "refresh_token" && tokens.refreshToken !== null);
  if (refreshable && endUnknown) return new Date(now.getTime() + policy.minimumAgeSeconds * 1000);
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
