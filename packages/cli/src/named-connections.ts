import { type Engine, withStore } from "@evertoken/engine/internal";

/** What people call a connection, and what stands in its way. */
export interface NamedConnection {
  readonly id: string;
  readonly provider: string;
  readonly userId: string;
  readonly displayName: string | null;
  readonly externalAccountId: string;
  readonly status: string;
  readonly expiresAt: Date | null;
  readonly lastErrorCode: string | null;
  readonly lastErrorMessage: string | null;
}

const select = {
  ...{ id: true, provider: true, userId: true, displayName: true, externalAccountId: true },
  ...{ status: true, expiresAt: true, lastErrorCode: true, lastErrorMessage: true },
} as const;

const atOnce = 1000;

/** In the order of the ids; those that are gone by now are left out. */
export async function namedConnections({ prisma }: Engine, ids: readonly string[]): Promise<NamedConnection[]> {
  const named: NamedConnection[] = [];
  for (let from = 0; from < ids.length; from += atOnce) {
    const part = ids.slice(from, from + atOnce);
    const rows = await withStore(() => prisma.connection.findMany({ select, where: { id: { in: [...part] } } }));
    const byId = new Map(rows.map((row) => [row.id, row]));
    named.push(...part.flatMap((id) => byId.get(id) ?? []));
  }
  return named;
}
