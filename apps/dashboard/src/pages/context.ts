import { type CountedConnections, countConnections, type RefreshStats, refreshStats } from "@evertoken/adapters";
import { type Engine, type Evertoken, fromEngine } from "@evertoken/engine/internal";
import { readSituation, type Sessions, type Situation } from "@evertoken/operations";
import type { LoginLimit } from "../login-limit.ts";
import type { SessionCookie } from "../session-cookie.ts";
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
  /** Attempts of the last 24 hours. */
  readonly stats: () => Promise<Remembered<DayOfRefreshes>>;
}

export interface DayOfRefreshes extends RefreshStats {
  /** The first of its hours. */
  readonly since: Date;
}

const hourMs = 3_600_000;
export const hoursShown = 24;

export function createContext(deps: AccountDeps): PageContext {
  const { engine } = deps;
  return {
    ...deps,
    client: fromEngine(engine),
    stats: remembered(async () => {
      const since = new Date((Math.floor(Date.now() / hourMs) - hoursShown + 1) * hourMs);
      return { since, ...(await refreshStats(engine.pool, since)) };
    }),
    situation: remembered(() => readSituation(engine)),
    counts: remembered(() => countConnections(engine.pool, new Date())),
  };
}
