import { callWithToken } from "./call-with-token.ts";
import { checkedCalls } from "./checked-calls.ts";
import { createConnect } from "./connect.ts";
import { createConnections, idOf } from "./connections.ts";
import type { ProviderHealth } from "./contract/connections.ts";
import type { Evertoken } from "./contract/evertoken.ts";
import { EvertokenError } from "./contract/evertoken-error.ts";
import type { Scheduled } from "./contract/refreshes.ts";
import type { AccessToken, Target, TokenStatus } from "./contract/token.ts";
import { createReadToken, pathOf } from "./read-token.ts";
import { refreshAllExpiring } from "./refresh-all.ts";
import { createRequest, inPath, type Request } from "./request.ts";
import { type EvertokenOptions, readOptions } from "./settings.ts";
import { createTokenCache } from "./token-cache.ts";
import { fromWire, toWire, type Wire } from "./wire.ts";

/**
 * A client of an Evertoken server. Connects to nothing until it is used, and keeps tokens in memory until their margin.
 *
 * @throws {EvertokenError} `invalid_input` that names every wrong option
 */
export function createEvertoken(options: EvertokenOptions): Evertoken {
  const settings = readOptions(options);
  const { request, close } = closing(createRequest(settings));
  const cache = createTokenCache(settings.maxCachedTokens, settings.recheckMs, settings.now);
  const getAccessToken = createReadToken(request, cache, settings.now);

  async function schedule(target: Target, body: Wire): Promise<Scheduled | null> {
    const path = `/v1/connections/${await idOf(request, target)}/schedule`;
    const placed = await request({ method: "POST", path, body, repeatable: true, fields: ["due_at"] });
    return placed.due_at === null ? null : fromWire(placed);
  }

  return checkedCalls({
    getAccessToken,
    withAccessToken: (target, call, wishes) => callWithToken(getAccessToken, target, call, wishes),
    async refresh(target, { force, generation } = {}) {
      const id = await idOf(request, target);
      const path = `/v1/connections/${id}/refresh`;
      // With a generation, a second one finds the newer token that the first one has brought.
      const repeatable = generation !== undefined;
      const body = toWire({ force, generation });
      const { warning } = await request({ method: "POST", path, body, repeatable, fields: ["generation"] });
      cache.drop(id);
      const token = await getAccessToken(id, { minTtlSeconds: 0 });
      return { ...token, warning: (warning as AccessToken["warning"]) ?? token.warning };
    },
    scheduleNow: async (target, { force } = {}) =>
      (await schedule(target, toWire({ when: "now", force }))) as Scheduled,
    scheduleNextRefresh: (target) => schedule(target, { when: "next" }),
    refreshAllExpiring: (bulk) => refreshAllExpiring(request, bulk),
    async tokenStatus(target) {
      const path = `/v1/connections/${await idOf(request, target)}/status`;
      return toStatus(await request({ method: "GET", path, repeatable: true, fields: ["token", "queue"] }));
    },
    async health(userId) {
      const path = `/v1/users/${inPath(userId)}/health`;
      const { data } = await request({ method: "GET", path, repeatable: true, fields: ["data"] });
      return (data as Wire[]).map((each) => fromWire<ProviderHealth>(each));
    },
    async sync(connectionId) {
      const path = `/v1/${pathOf(connectionId)}/sync`;
      const asked = await request({ method: "POST", path, repeatable: true, fields: ["queue"] });
      return { connectionId: asked.connection_id as string, status: "pending", queue: asked.queue as string };
    },
    connect: createConnect(request, cache),
    connections: createConnections(request, cache),
    async close() {
      await close();
      cache.clear();
    },
  });
}

function toStatus({ expires_in: expiresInSeconds, job, queue, ...rest }: Wire): TokenStatus {
  const known = job === null ? null : fromWire<object>(job as Wire);
  return {
    ...fromWire<TokenStatus>(rest),
    ...{ expiresInSeconds, job: queue === "ok" ? known : "unknown" },
  } as TokenStatus;
}

/** Once closed, nothing new is asked; what was asked is waited for. */
function closing(ask: Request): { request: Request; close: () => Promise<void> } {
  const running = new Set<Promise<unknown>>();
  let closed = false;
  return {
    request(what) {
      if (closed) return Promise.reject(new EvertokenError("closing", "it was closed and takes no new work"));
      const answer = ask(what);
      running.add(answer);
      const forget = () => running.delete(answer);
      answer.then(forget, forget);
      return answer;
    },
    async close() {
      closed = true;
      await Promise.allSettled(running);
    },
  };
}
