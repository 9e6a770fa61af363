import { createBatcher, defaultBatching } from "@evertoken/adapters";
import type { Pool } from "pg";
import type { Engine } from "./engine.ts";
import { withStore } from "./evertoken-error.ts";

/** Who did what. Never holds a value: no token, no secret, no address that is one. */
export interface AuditEntry {
  /** `key:<id>`, `user:<hash>`, `person:<name>` of the dashboard, `host:<user>` of a command, `nobody` or `system`. */
  readonly actor: string;
  /** Such as `token.read`. */
  readonly action: string;
  readonly connectionId?: string | null;
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
  /** From where: an address, or the host of a command. */
  readonly address?: string | null;
}

/** A user, as the actor of an entry. */
export const userActor = ({ users }: Engine, userId: string) => `user:${users.hash(userId)}`;

/** Writes entries of many callers with one statement; resolves when the entry is stored. */
export function createAudit({ pool }: Engine): (entry: AuditEntry) => Promise<void> {
  const write = createBatcher((entries: readonly AuditEntry[]) => insert(pool, entries), defaultBatching);
  return (entry) => withStore(() => write(entry));
}

async function insert(pool: Pool, entries: readonly AuditEntry[]): Promise<undefined[]> {
  await pool.query({
    name: "audit-insert",
    text: `INSERT INTO audit_log (actor, action, connection_id, detail, address)
      SELECT actor, action, connection_id, detail::jsonb, address
      FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[]) AS e(actor, action, connection_id, detail, address)`,
    values: [
      entries.map(({ actor }) => actor),
      entries.map(({ action }) => action),
      entries.map(({ connectionId = null }) => connectionId),
      entries.map(({ detail = {} }) => JSON.stringify(detail)),
      entries.map(({ address = null }) => address),
    ],
  });
  return entries.map(() => undefined);
}

const rememberMs = 60_000;
const rememberMost = 200_000;

/**
 * One entry a minute for each reader of one token: a service that asks before every call would bury the log, and which token it
 * had is told by the generation. Stored before the token is handed out.
 */
export function createReadAudit(audit: (entry: AuditEntry) => Promise<void>) {
  const written = new Map<string, number>();
  return async (actor: string, token: { connectionId: string; generation: number }): Promise<void> => {
    const { connectionId, generation } = token;
    const key = `${actor} ${connectionId} ${generation}`;
    const now = Date.now();
    if (now - (written.get(key) ?? 0) < rememberMs) return;
    await audit({ actor, action: "token.read", connectionId, detail: { generation } });
    written.delete(key);
    written.set(key, now);
    // Maps keep their order: the first key is the oldest one.
    if (written.size > rememberMost) written.delete(written.keys().next().value as string);
  };
}

export interface AuditFilter {
  readonly connectionId?: string;
  readonly actor?: string;
  readonly action?: string;
  /** The id of the last one seen. */
  readonly before?: bigint;
  readonly limit?: number;
}

/** The newest entries first. */
export function auditLog({ prisma }: Engine, { connectionId, actor, action, before, limit = 100 }: AuditFilter = {}) {
  return withStore(() =>
    prisma.auditLog.findMany({
      where: {
        ...(connectionId === undefined ? {} : { connectionId }),
        ...(actor === undefined ? {} : { actor }),
        ...(action === undefined ? {} : { action }),
        ...(before === undefined ? {} : { id: { lt: before } }),
      },
      orderBy: { id: "desc" },
      take: Math.min(Math.max(1, limit), 1000),
    }),
  );
}
