import { idsBeginning } from "@evertoken/adapters";
import type { Evertoken, Target } from "@evertoken/engine";
import { type Engine, isUuid, withStore } from "@evertoken/engine/internal";
import { UsageError } from "./failure.ts";

const shown = 5;

/**
 * The connection whose id begins so, if it is only one: people type the first digits. What is no such beginning stays as it is, for whoever looks it up.
 *
 * @throws {UsageError} when several begin so
 */
export async function fullId({ pool }: Pick<Engine, "pool">, text: string): Promise<string> {
  if (isUuid(text)) return text;
  const found = await withStore(() => idsBeginning(pool, text, shown + 1));
  if (found.length < 2) return found[0] ?? text;
  const named = [...found.slice(0, shown), ...(found.length > shown ? ["and more"] : [])].join(", ");
  throw new UsageError(`several connections begin with "${text}": ${named}`);
}

/** The same Evertoken, for whose ids their beginnings will do. */
export function takingShortIds(evertoken: Evertoken, engine: Pick<Engine, "pool">): Evertoken {
  const { connections } = evertoken;
  const id = (text: string) => fullId(engine, text);
  const target = async (given: Target) => (typeof given === "string" ? id(given) : given);
  return {
    ...evertoken,
    getAccessToken: async (given, options) => evertoken.getAccessToken(await target(given), options),
    withAccessToken: async (given, call, options) => evertoken.withAccessToken(await target(given), call, options),
    refresh: async (given, options) => evertoken.refresh(await target(given), options),
    scheduleNow: async (given, options) => evertoken.scheduleNow(await target(given), options),
    scheduleNextRefresh: async (given) => evertoken.scheduleNextRefresh(await target(given)),
    tokenStatus: async (given) => evertoken.tokenStatus(await target(given)),
    sync: async (given) => evertoken.sync(await id(given)),
    connections: {
      ...connections,
      list: async ({ after, ...filter } = {}) =>
        connections.list({ ...filter, ...(after === undefined ? {} : { after: await id(after) }) }),
      get: async (given) => connections.get(await target(given)),
      update: async (given, change) => connections.update(await id(given), change),
      disconnect: async (given) => connections.disconnect(await id(given)),
      log: async (given, limit) => connections.log(await id(given), limit),
    },
  };
}
