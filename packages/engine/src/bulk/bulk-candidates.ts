import type { BulkOptions } from "@evertoken/client";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";

/** Which connections a bulk refresh takes. */
export interface BulkFilter extends Pick<BulkOptions, "withinMs" | "provider" | "needsReauth"> {
  /** Leave out what was refreshed after this time: a run that goes on where another one was cut short. */
  readonly notSince?: Date;
}

const pageSize = 500;

export async function bulkCandidates(engine: Engine, filter: BulkFilter, now: Date): Promise<string[]> {
  await engine.providers.catchUp();
  const where = {
    authType: "oauth2",
    AND: [spendable(engine), chosen(filter, now), provided(filter), unrefreshed(filter)],
  };
  const ids: string[] = [];
  for (let after = {}; ; ) {
    const page = await withStore(() =>
      engine.prisma.connection.findMany({
        select: { id: true },
        where: { ...where, ...after },
        orderBy: { id: "asc" },
        take: pageSize,
      }),
    );
    ids.push(...page.map(({ id }) => id));
    if (page.length < pageSize) return ids;
    after = { id: { gt: page.at(-1)?.id } };
  }
}

/** Where the access token is what is exchanged, nothing else is needed. */
function spendable({ providers }: Engine) {
  const byAccessToken = providers.all().filter(({ policy }) => policy.spends === "access_token");
  return {
    OR: [{ refreshToken: { not: null } }, { provider: { in: byAccessToken.map(({ provider }) => provider.id) } }],
  };
}

function chosen({ needsReauth = false, withinMs = 86_400_000 }: BulkFilter, now: Date) {
  if (needsReauth) return { status: "needs_reauth" };
  const live = { status: { in: ["connected", "token_expired", "error"] }, nextRefreshAt: { not: null } };
  if (withinMs === null) return live;
  const end = new Date(now.getTime() + withinMs);
  if (Number.isNaN(end.getTime())) {
    throw new EvertokenError("invalid_input", "withinMs: needs a number of milliseconds, or null for all");
  }
  return { ...live, expiresAt: { lte: end } };
}

const provided = ({ provider }: BulkFilter) => (provider === undefined ? {} : { provider });

function unrefreshed({ notSince }: BulkFilter) {
  return notSince === undefined ? {} : { OR: [{ lastRefreshAt: null }, { lastRefreshAt: { lt: notSince } }] };
}
