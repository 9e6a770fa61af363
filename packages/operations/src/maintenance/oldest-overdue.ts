import type { Engine } from "@evertoken/engine/internal";
import { withStore } from "@evertoken/engine/internal";

/** The refresh that should have run longest ago. A throttled connection is not late: its provider asked it to wait. */
export async function findOldestOverdue({ prisma }: Pick<Engine, "prisma">, now: Date) {
  const found = await withStore(() =>
    prisma.connection.findFirst({
      select: { id: true, provider: true, nextRefreshAt: true },
      where: {
        nextRefreshAt: { lt: now },
        authType: "oauth2",
        status: { notIn: ["disconnected", "needs_reauth"] },
        OR: [{ notBefore: null }, { notBefore: { lt: now } }],
      },
      orderBy: { nextRefreshAt: "asc" },
    }),
  );
  if (found?.nextRefreshAt == null) return null;
  const { id: connectionId, provider, nextRefreshAt } = found;
  const overdueSeconds = Math.round((now.getTime() - nextRefreshAt.getTime()) / 1000);
  return { connectionId, provider, dueAt: nextRefreshAt, overdueSeconds };
}
