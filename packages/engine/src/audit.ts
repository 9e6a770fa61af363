import type { Engine } from "./engine.ts";
import { withStore } from "./evertoken-error.ts";

/** A user, as the actor of an entry. */
export const userActor = ({ users }: Engine, userId: string) => `user:${users.hash(userId)}`;

export interface AuditFilter {
  readonly connectionId?: string;
  readonly actor?: string;
  readonly action?: string;
  /** Written at this time or later. */
  readonly since?: Date;
  /** Written before this time. */
  readonly until?: Date;
  /** The id of the last one seen. */
  readonly before?: bigint;
  /** Default 100, at most 1000. */
  readonly limit?: number;
}

/** The newest entries first, those that this process has counted among them. @throws {EvertokenError} */
export async function auditLog(engine: Engine, filter: AuditFilter = {}) {
  const { connectionId, actor, action, before, limit = 100 } = filter;
  const [since, until] = [storable(filter.since), storable(filter.until)];
  await engine.audit.flush();
  return withStore(async () => {
    const [first, end] = await Promise.all([since && firstFrom(engine, since), until && firstFrom(engine, until)]);
    if (first === null) return [];
    return engine.prisma.auditLog.findMany({
      where: {
        ...(connectionId === undefined ? {} : { connectionId }),
        ...(actor === undefined ? {} : { actor }),
        ...(action === undefined ? {} : { action }),
        AND: [
          ...(before === undefined ? [] : [{ id: { lt: before } }]),
          ...(since && first ? [{ id: { gte: first - slack }, at: { gte: since } }] : []),
          ...(until ? [{ ...(end ? { id: { lt: end + slack } } : {}), at: { lt: until } }] : []),
        ],
      },
      orderBy: { id: "desc" },
      take: Math.min(Math.max(1, limit), 1000),
    });
  });
}

/** Nothing was written before 1970, and Postgres takes no year 0. */
const storable = (time: Date | undefined) => time && new Date(Math.max(0, time.getTime()));

/** Entries that are written at the same moment may have their ids in another order than their times. */
const slack = 1000n;

/** Ids follow time, and are what pages go by: so a time becomes an id, and no page looks through what is not of its time. */
async function firstFrom({ prisma }: Engine, time: Date): Promise<bigint | null> {
  const found = await prisma.auditLog.findFirst({
    where: { at: { gte: time } },
    orderBy: { at: "asc" },
    select: { id: true },
  });
  return found?.id ?? null;
}
