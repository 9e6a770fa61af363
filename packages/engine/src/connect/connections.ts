import { accountsOf } from "@evertoken/adapters";
import type { ConnectionFilter, ConnectionView, ProviderHealth, RefreshAttempt, Target } from "@evertoken/client";
import { type ConnectionStatus, isTag, shownStatus, tagForm } from "@evertoken/core";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { isUuid } from "../is-uuid.ts";
import { readTarget } from "../token/access-token.ts";
import { notFound } from "../token/fresh-token.ts";
import { isStorable } from "./is-storable.ts";
import { missingScopesOf } from "./missing-scopes.ts";

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
  tags: true,
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

/** Of which connections somebody may know; null: of all. */
export interface Reach {
  readonly providers: readonly string[] | null;
  /** Beginnings of user ids. */
  readonly users: readonly string[] | null;
}

const within = ({ providers, users }: Reach) => [
  ...(providers === null ? [] : [{ provider: { in: [...providers] } }]),
  ...(users === null ? [] : [{ OR: users.map((beginning) => ({ userId: { startsWith: beginning } })) }]),
];

/** In pages by id. */
export async function listConnections(
  engine: Engine,
  filter: ConnectionFilter = {},
  reach: Reach = { providers: null, users: null },
): Promise<ConnectionView[]> {
  const { userId, provider, status, tag, expiresBefore, after, limit = 100 } = checked(filter);
  const now = new Date();
  const rows = await withStore(() =>
    engine.prisma.connection.findMany({
      select: shown,
      where: {
        ...(userId === undefined ? {} : { userId }),
        ...(provider === undefined ? {} : { provider }),
        ...(tag === undefined ? {} : { tagged: { some: { tag } } }),
        AND: [...(status === undefined ? [] : [isShownAs(status, now)]), ...within(reach)],
        ...(expiresBefore === undefined ? {} : { expiresAt: { lte: expiresBefore } }),
        ...(after === undefined ? {} : { id: { gt: after } }),
      },
      orderBy: { id: "asc" },
      take: Math.min(Math.max(1, limit), 1000),
    }),
  );
  return rows.map((row) => toView(engine, row, now));
}

type Row = Omit<ConnectionView, "status" | "missingScopes"> & { readonly status: string };

function toView(engine: Engine, row: Row, now: Date): ConnectionView {
  const status = shownStatus(row.status as ConnectionStatus, row.expiresAt, now);
  return { ...row, status, missingScopes: missingScopesOf(engine, row) };
}

/** {@link shownStatus}, as a filter. */
function isShownAs(status: string, now: Date) {
  if (status === "connected") return { status, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
  if (status === "token_expired") return { OR: [{ status }, { status: "connected", expiresAt: { lte: now } }] };
  return { status };
}

/** What the database would refuse is the caller's mistake, not trouble with the database. @throws {EvertokenError} */
function checked(filter: ConnectionFilter): ConnectionFilter {
  const { userId, provider, status, tag, expiresBefore, after, limit } = filter;
  const texts = Object.entries({ userId, provider, status });
  const faults = [
    ...texts.flatMap(([name, text]) => (text === undefined || isStorable(text) ? [] : [`${name}: needs a text`])),
    ...(tag === undefined || isTag(tag) ? [] : [`tag: ${tagForm}`]),
    ...(after === undefined || isUuid(after) ? [] : ["after: needs the id of a connection"]),
    ...(limit === undefined || Number.isInteger(limit) ? [] : ["limit: needs a whole number"]),
    ...(expiresBefore === undefined || !Number.isNaN(expiresBefore.getTime()) ? [] : ["expiresBefore: needs a date"]),
  ];
  if (faults.length > 0) throw new EvertokenError("invalid_input", faults.join("; "));
  return filter;
}

export async function getConnection(engine: Engine, target: Target): Promise<ConnectionView> {
  const { id } = typeof target === "string" ? { id: target } : await readTarget(engine, target);
  const found = isUuid(id)
    ? await withStore(() => engine.prisma.connection.findUnique({ select: shown, where: { id } }))
    : null;
  if (found === null) throw notFound(id);
  return toView(engine, found, new Date());
}

/** The newest attempts first. */
export async function refreshLog(
  { prisma }: Engine,
  connectionId: string,
  limit = 50,
  before?: bigint,
): Promise<RefreshAttempt[]> {
  const where = { connectionId, ...(before === undefined ? {} : { id: { lt: before } }) };
  const rows = await withStore(() =>
    prisma.tokenRefreshLog.findMany({
      omit: { connectionId: true, provider: true },
      where,
      orderBy: { id: "desc" },
      take: Math.min(limit, 1000),
    }),
  );
  return rows.map(({ id, ...row }) => ({ id: id.toString(), ...row }));
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
    connected: status !== "disconnected" && status !== "needs_reauth",
    healthy: status === "connected" && (expiresAt === null || expiresAt > now),
    needsReconnect: status === "needs_reauth" || status === "disconnected",
    status: shownStatus(status, expiresAt, now),
  }));
}
