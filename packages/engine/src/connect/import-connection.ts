import { inUseBy, type KnownRow, type NewConnection } from "@evertoken/adapters";
import type { Imported, ImportInput, KeepReason } from "@evertoken/client";
import { type AuthType, accessTokenEnd, grantEnd, type RefreshPolicy, type TokenColumn } from "@evertoken/core";
import type { ConfiguredProvider } from "@evertoken/providers";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { type ImportOrder, readImport, refused } from "../grants/import-input.ts";
import { whyKeep } from "../grants/why-keep.ts";
import { defaultRegistration } from "../providers/registration-names.ts";
import { refuseUnaddressable } from "./refuse-unaddressable.ts";
import { type BroughtGrant, storeGrant } from "./store-grant.ts";

/**
 * Stores a token set and schedules its refresh. An account that is known is reconnected (same id, next generation) if nothing can be lost by
 * it, or if `overwrite` says so; else it is left as it is, and that is said.
 *
 * @throws {EvertokenError} `grant_in_use` when another connection holds the refresh token and its provider lets it be spent only once
 */
export async function importConnection(engine: Engine, input: ImportInput): Promise<Imported> {
  const { configured, order, grant, now } = await prepareImport(engine, input);
  const keep = (known: KnownRow) => reasonToKeep(engine, configured, order, known);
  const stored = await storeGrant(engine, configured, grant, now, keep);
  const { warnings } = order;
  switch (stored.kind) {
    case "held":
      throw grantInUse(stored);
    case "kept": {
      const { id, generation, next_refresh_at: nextRefreshAt } = stored.known;
      return {
        ...{ id, generation, nextRefreshAt, reconnected: false, scheduled: true },
        skipped: stored.why ?? "not_newer",
        warnings,
      };
    }
    case "stored": {
      const { kind: _, ...rest } = stored;
      if (warnings.length > 0) engine.logger.warn({ connection: rest.id, warnings }, `[${order.provider}] imported`);
      return { ...rest, skipped: null, warnings };
    }
    default:
      return stored satisfies never;
  }
}

export interface PreparedImport {
  readonly configured: ConfiguredProvider;
  readonly order: ImportOrder;
  readonly grant: BroughtGrant;
  readonly now: Date;
}

/** All that can be said about a token set before anything is stored of it. @throws {EvertokenError} */
export async function prepareImport(engine: Engine, input: ImportInput): Promise<PreparedImport> {
  const order = readImport(input);
  const configured = await withStore(() => engine.providers.known(order.provider));
  if (configured === undefined) {
    throw new EvertokenError(
      "unknown_provider",
      `there is no provider "${order.provider}": see \`evertoken providers\``,
    );
  }
  const authType = order.authType ?? configured.provider.authType;
  refuseWithoutAccessToken(order, authType, configured.policy);
  await withStore(engine.checkKeys);
  const registration = await withStore(() => engine.registrations.find(order.provider, order.registration));
  // An app may leave the environment's secrets to the workers; a stored one is everybody's.
  if (registration === null && order.registration !== defaultRegistration) {
    throw new EvertokenError("invalid_input", `registration: there is no ${order.provider}/${order.registration}`);
  }
  await refuseUnaddressable(engine, configured.provider, order);
  await engine.clock.known();
  const now = engine.clock.now();
  const grant = {
    connection: toNewConnection(order, authType, configured.policy, now),
    registration,
    tokens: order,
    brought: order.overwrite ? ("forced" as const) : ("checked" as const),
    endUnknown: authType === "oauth2" && order.refreshToken !== null && order.expiresAt === null,
  };
  return { configured, order, grant, now };
}

export const grantInUse = ({ holder, spent }: { readonly holder: { readonly id: string }; readonly spent: boolean }) =>
  new EvertokenError("grant_in_use", `refreshToken: ${spent ? spentSince(holder.id) : inUseBy(holder.id)}`);

const spentSince = (id: string) => `connection ${id} was imported with it, and has spent it since`;

export function reasonToKeep(
  { keyring }: Engine,
  { policy }: ConfiguredProvider,
  order: ImportOrder,
  known: KnownRow,
): KeepReason | null {
  if (order.overwrite) return null;
  const open = (column: TokenColumn) => {
    const sealed = known[column];
    try {
      return sealed === null ? null : keyring.open(sealed, { ...known, provider: order.provider }, column);
    } catch {
      return null;
    }
  };
  const statedExpiresAt = order.expiresAt instanceof Date ? order.expiresAt : null;
  return whyKeep(known, { ...order, statedExpiresAt }, policy.spends, open);
}

function refuseWithoutAccessToken(
  { accessToken, refreshToken }: ImportOrder,
  authType: AuthType,
  policy: RefreshPolicy,
) {
  if (accessToken !== null) return;
  if (authType !== "oauth2" || policy.spends !== "refresh_token") {
    throw refused(["accessToken: needed, since this provider's tokens are not fetched with a refresh token"]);
  }
  if (refreshToken === null) throw refused(["accessToken: needed where there is no refreshToken to fetch one with"]);
}

/** An access token that is not there has ended as well. */
function expiryOf(order: ImportOrder, authType: AuthType, policy: RefreshPolicy, now: Date): Date | null {
  if (order.accessToken === null) return now;
  if (order.expiresAt === "never") return null;
  if (order.expiresAt instanceof Date) return order.expiresAt;
  const neverEnds = order.expiresAt === null && order.refreshToken === null;
  const expiresIn = order.expiresIn ?? (authType !== "oauth2" || neverEnds ? "never" : "unstated");
  return accessTokenEnd({ expiresIn }, policy, now);
}

function toNewConnection(order: ImportOrder, authType: AuthType, policy: RefreshPolicy, now: Date): NewConnection {
  const refreshTokenExpiresAt = order.refreshTokenExpiresAt ?? null;
  const end = { stated: null, known: refreshTokenExpiresAt, consentedAt: now };
  return {
    userId: order.userId,
    provider: order.provider,
    registration: order.registration,
    externalAccountId: order.externalAccountId,
    displayName: order.displayName ?? null,
    userEmail: order.userEmail ?? null,
    parentId: null,
    authType,
    tokenType: order.tokenType ?? null,
    scopes: order.scopes,
    expiresAt: expiryOf(order, authType, policy, now),
    refreshTokenExpiresAt,
    grantEndsAt: authType === "oauth2" ? grantEnd(end, policy) : null,
    metadata: order.metadata,
    tags: order.tags,
  };
}
