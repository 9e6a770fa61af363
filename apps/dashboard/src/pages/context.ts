import { type CountedConnections, countConnections, type RefreshStats, refreshStats } from "@evertoken/adapters";
import { type Engine, type Evertoken, fromEngine } from "@evertoken/engine/internal";
import { readSituation, type Sessions, type Situation } from "@evertoken/operations";
import type { LoginLimit } from "../login-limit.ts";
import type { SessionCookie } from "../session-cookie.ts";
import { type Range, ranges } from "./range.ts";
import { type Remembered, remembered } from "./remembered.ts";

/** What somebody's own page needs besides. */
export interface AccountDeps {
  readonly engine: Engine;
  /** How long a session lives without a request. */
  readonly idleMs: number;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly limit: LoginLimit;
}

/** What every page needs. */
export interface PageContext extends AccountDeps {
  readonly client: Evertoken;
  /** All connections by provider, status and end of their token. */
  readonly counts: () => Promise<Remembered<readonly CountedConnections[]>>;
  /** Who cannot work now, and what stands in the way. When nothing works, that is everything there is. */
  readonly situation: () => Promise<Remembered<Situation>>;
  /** Attempts of the last hour, day, week or month. */
  readonly stats: (range: Range) => Promise<Remembered<RefreshesInRange>>;
}

export interface RefreshesInRange extends RefreshStats {
  readonly range: Range;
  /** Where the first of its steps begins. */
  readonly since: Date;
}

export function createContext(deps: AccountDeps): PageContext {
  const { engine } = deps;
  const statsOf = Object.fromEntries(
    (Object.keys(ranges) as Range[]).map((range) => [range, remembered(() => refreshesIn(engine, range))]),
  );
  return {
    ...deps,
    client: fromEngine(engine),
    stats: (range) => (statsOf[range] as () => Promise<Remembered<RefreshesInRange>>)(),
    situation: remembered(() => readSituation(engine)),
    counts: remembered(() => countConnections(engine.pool, new Date())),
  };
}

async function refreshesIn({ pool }: Engine, range: Range): Promise<RefreshesInRange> {
  const { ms, stepMs } = ranges[range];
  const since = new Date((Math.floor(Date.now() / stepMs) + 1) * stepMs - ms);
  return { range, since, ...(await refreshStats(pool, since, stepMs)) };
}
