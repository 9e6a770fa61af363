import {
  type Affected,
  countOutages,
  type OutageGroup,
  outageGroups,
  type ProviderStateRow,
} from "@evertoken/adapters";
import { type Cause, causeOf, causes, type OutageReason, outageReason, refreshQueueName } from "@evertoken/core";
import type { Pool } from "pg";

/** An outage as it was judged: these connections can serve no token now. */
export interface JudgedGroup extends OutageGroup {
  readonly cause: Cause;
  readonly reason: OutageReason;
}

/** Connections of one provider that can serve no token now, for one reason. */
export interface Outage extends Affected {
  readonly provider: string;
  readonly reason: OutageReason;
  readonly cause: Cause;
}

/** Who can use nothing now, and on whom it is. */
export interface Outages extends Affected {
  readonly byCause: Readonly<Record<Cause, Affected>>;
  /** Most connections first. */
  readonly byReason: readonly Outage[];
  /** What lists find exactly these by. */
  readonly groups: readonly JudgedGroup[];
}

/** What stands around connections and may keep them from being refreshed. */
export interface Surroundings {
  readonly held: boolean;
  readonly states: readonly ProviderStateRow[];
  readonly paused: readonly string[];
}

const nobody: Affected = { connections: 0, customers: 0 };

export async function readOutages(
  pool: Pool,
  providers: readonly string[],
  around: Surroundings,
  now: Date,
  tag: string | null,
): Promise<Outages> {
  const groups = (await outageGroups(pool, providers, now)).map((group) => judge(group, around, now));
  const counted = await countOutages(pool, groups, now, tag);
  const of = (cause: Cause): Affected => only(counted.find((row) => row.cause === cause));
  const byReason = counted.flatMap(({ reason, provider, ...affected }) =>
    reason === null || provider === null
      ? []
      : [{ provider, reason: reason as OutageReason, cause: causeOf(reason as OutageReason), ...only(affected) }],
  );
  return {
    ...only(counted.find(({ cause, reason }) => cause === null && reason === null)),
    byCause: Object.fromEntries(causes.map((cause) => [cause, of(cause)])) as Outages["byCause"],
    byReason: byReason.sort((a, b) => b.connections - a.connections || a.provider.localeCompare(b.provider)),
    groups,
  };
}

const only = ({ connections, customers }: Affected = nobody): Affected => ({ connections, customers });

function judge(group: OutageGroup, { held, states, paused }: Surroundings, now: Date): JudgedGroup {
  const { provider, registration, client, status, auth_type: authType, error_code: errorCode } = group;
  const own = states.filter((state) => state.provider === provider && state.registration === registration);
  const open = own.find(
    ({ circuit_open, circuit_of: of }) => circuit_open && (of === null || of === "" || of === client),
  );
  const reason = outageReason({
    ...{ status, authType, errorCode, held },
    circuit: open?.code ?? null,
    limited: own.some(({ throttled_until: until }) => until !== null && until > now),
    paused: paused.includes(refreshQueueName(provider)),
  });
  return { ...group, reason, cause: causeOf(reason) };
}
