import { accountsOf } from "@evertoken/adapters";
import { shownStatus } from "@evertoken/core";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { isUuid } from "../is-uuid.ts";
import { notFound } from "../token/fresh-token.ts";
import { isStorable } from "./is-storable.ts";

/** A connection as it may be shown: no token, not even an encrypted one. */
const shown = {
  id: true,
  userId: true,
  provider: true,
  registration: true,
  externalAccountId: true,
  displayName: true,
  parentId: true,
  authType: true,
  status: true,
  scopes: true,
  expiresAt: true,
  refreshTokenExpiresAt: true,
  grantEndsAt: true,
  generation: true,
  nextRefreshAt: true,
  notBefore: true,
  failingSince: true,
  consecutiveFailures: true,
  lastRefreshAt: true,
  lastErrorCode: true,
  lastErrorMessage: true,
  lastSyncAt: true,
  lastSyncStatus: true,
  lastSyncMessage: true,
  connectedAt: true,
  updatedAt: true,
} as const;

export interface ConnectionFilter {
  readonly userId?: string;
  readonly provider?: string;
  readonly status?: string;
  /** Ends before this time. */
  readonly expiresBefore?: Date;
  /** The id of the last one seen. */
  readonly after?: string;
  /** Default 100, at most 1000. */
  readonly limit?: number;
}

export type ConnectionView = Awaited<ReturnType<typeof listConnections>>[number];

/** In pages by id. */
export async function listConnections({ prisma }: Engine, filter: ConnectionFilter = {}) {
  const { userId, provider, status, expiresBefore, after, limit = 100 } = checked(filter);
  const now = new Date();
  const rows = await withStore(() =>
    prisma.connection.findMany({
      select: shown,
      where: {
        ...(userId === undefined ? {} : { userId }),
        ...(provider === undefined ? {} : { provider }),
        ...(status === undefined ? {} : { AND: [isShownAs(status, now)] }),
        ...(expiresBefore === undefined ? {} : { expiresAt: { lte: expiresBefore } }),
        ...(after === undefined ? {} : { id: { gt: after } }),
      },
      orderBy: { id: "asc" },
      take: Math.min(Math.max(1, limit), 1000),
    }),
  );
  return rows.map((row) => byTheClock(row, now));
}

const byTheClock = <R extends { status: string; expiresAt: Date | null }>(row: R, now: Date): R => ({
  ...row,
  status: shownStatus(row.status, row.expiresAt, now),
});

/** {@link shownStatus}, as a filter. */
function isShownAs(status: string, now: Date) {
  if (status === "connected") return { status, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
  if (status === "token_expired") return { OR: [{ status }, { status: "connected", expiresAt: { lte: now } }] };
  return { status };
}

/** What the database would refuse is the caller's mistake, not trouble with the database. @throws {EvertokenError} */
function checked(filter: ConnectionFilter): ConnectionFilter {
  const { userId, provider, status, expiresBefore, after, limit } = filter;
  const texts = Object.entries({ userId, provider, status });
  const faults = [
    ...texts.flatMap(([name, text]) => (text === undefined || isStorable(text) ? [] : [`${name}: needs a text`])),
    ...(after === undefined || isUuid(after) ? [] : ["after: needs the id of a connection"]),
    ...(limit === undefined || Number.isInteger(limit) ? [] : ["limit: needs a whole number"]),
    ...(expiresBefore === undefined || !Number.isNaN(expiresBefore.getTime()) ? [] : ["expiresBefore: needs a date"]),
  ];
  if (faults.length > 0) throw new EvertokenError("invalid_input", faults.join("; "));
  return filter;
}

export async function getConnection({ prisma }: Engine, id: string): Promise<ConnectionView> {
  const found = isUuid(id)
    ? await withStore(() => prisma.connection.findUnique({ select: shown, where: { id } }))
    : null;
  if (found === null) throw notFound(id);
  return byTheClock(found, new Date());
}

/** The newest attempts first. */
export async function refreshLog({ prisma }: Engine, connectionId: string, limit = 50, before?: bigint) {
  const where = { connectionId, ...(before === undefined ? {} : { id: { lt: before } }) };
  const rows = await withStore(() =>
    prisma.tokenRefreshLog.findMany({ where, orderBy: { id: "desc" }, take: Math.min(limit, 1000) }),
  );
  return rows.map(({ id, ...row }) => ({ id: id.toString(), ...row }));
}

export interface ProviderHealth {
  readonly provider: string;
  readonly connectionId: string;
  readonly connected: boolean;
  readonly healthy: boolean;
  readonly needsReconnect: boolean;
  readonly status: string;
}

/**
 * How a user's connections do, provider by provider, of several accounts the one first that `getAccessToken` means. Healthy: connected, and
 * its access token has not ended.
 */
export async function userHealth({ pool, clock }: Engine, userId: string): Promise<ProviderHealth[]> {
  checked({ userId });
  await clock.known();
  const rows = await withStore(() => accountsOf(pool, userId));
  const now = clock.now();
  return rows.map(({ id, provider, status, expires_at: expiresAt }) => ({
    provider,
    connectionId: id,
    connected: status !== "disconnected",
    healthy: status === "connected" && (expiresAt === null || expiresAt > now),
    needsReconnect: status === "needs_reauth" || status === "disconnected",
    status: shownStatus(status, expiresAt, now),
  }));
}
