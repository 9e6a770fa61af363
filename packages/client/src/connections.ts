import type { ConnectionView, Imported } from "./contract/connections.ts";
import type { Evertoken } from "./contract/evertoken.ts";
import type { RefreshAttempt } from "./contract/refreshes.ts";
import type { Target } from "./contract/token.ts";
import { pathOf } from "./read-token.ts";
import type { Request } from "./request.ts";
import type { TokenCache } from "./token-cache.ts";
import { fromWire, renameFields, toWire, type Wire } from "./wire.ts";

/** At most what a page may hold; what is no whole number is the server's to refuse. */
const pageOf = (limit: number) => Math.min(Math.max(1, limit), 1000);

export function createConnections(request: Request, cache: TokenCache): Evertoken["connections"] {
  return {
    async list({ after, limit = 100, ...filter } = {}) {
      const query = { ...toWire(filter), cursor: after, limit: pageOf(limit) };
      const path = "/v1/connections";
      const { data } = await request({ method: "GET", path, query, repeatable: true, fields: ["data"] });
      return (data as Wire[]).map((each) => fromWire<ConnectionView>(each));
    },
    get: (target) => readConnection(request, target),
    async import(input) {
      const ask = { method: "POST", path: "/v1/connections", body: toWire(input), repeatable: false } as const;
      const imported = fromWire<Imported>(await request({ ...ask, fields: ["id", "warnings"] }));
      cache.drop(imported.id);
      return { ...imported, warnings: imported.warnings.map(renameFields) };
    },
    async update(id, change) {
      const ask = { method: "PATCH", path: `/v1/${pathOf(id)}`, body: toWire(change), repeatable: true } as const;
      return fromWire<ConnectionView>(await request({ ...ask, fields: ["id", "user_id"] }));
    },
    async disconnect(id) {
      const ask = { method: "DELETE", path: `/v1/${pathOf(id)}`, repeatable: false } as const;
      const { disconnected } = await request({ ...ask, fields: ["disconnected"] });
      cache.drop(id.toLowerCase());
      return disconnected as boolean;
    },
    async log(id, limit = 50) {
      const ask = { method: "GET", path: `/v1/${pathOf(id)}/log`, query: { limit: pageOf(limit) } } as const;
      const { data } = await request({ ...ask, repeatable: true, fields: ["data"] });
      return (data as Wire[]).map((each) => fromWire<RefreshAttempt>(each));
    },
  };
}

async function readConnection(request: Request, target: Target): Promise<ConnectionView> {
  const path = `/v1/${pathOf(target)}${typeof target === "string" ? "" : "/connection"}`;
  return fromWire(await request({ method: "GET", path, repeatable: true, fields: ["id", "user_id"] }));
}

/** The endpoints that act want an id. @throws {EvertokenError} */
export async function idOf(request: Request, target: Target): Promise<string> {
  if (typeof target !== "string") return (await readConnection(request, target)).id;
  pathOf(target);
  return target.toLowerCase();
}
