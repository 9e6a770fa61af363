import type { Authorization, Completed, Confirmed, ConnectRefusalCode, ReturnQuery } from "./contract/connect.ts";
import type { Evertoken } from "./contract/evertoken.ts";
import { inPath, type Request } from "./request.ts";
import type { TokenCache } from "./token-cache.ts";
import { fromWire, toWire } from "./wire.ts";

/** All of it may be asked twice: a state that nobody uses ends, a link is a text, and the same answer gets the same result. */
export function createConnect(request: Request, cache: TokenCache): Evertoken["connect"] {
  const post = (path: string, body: object, ...fields: string[]) =>
    request({ method: "POST", path: `/v1/connect/${path}`, body: toWire(body), repeatable: true, fields });
  return {
    authorize: async (input) => fromWire<Authorization>(await post("authorize", input, "url", "state")),
    async complete(answer) {
      const done = fromWire<Completed>(await post("complete", answer, "kind"));
      if (done.kind === "connected") cache.drop(done.connectionId);
      return done;
    },
    async confirm(query, { userId }) {
      const body = { ...readQuery(query), user_id: userId };
      const path = "/v1/connect/confirm";
      const ask = { method: "POST", path, body, repeatable: true, fields: ["return_url"], refusals: true } as const;
      const done = toConfirmed(fromWire(await request(ask)));
      if (done.kind === "connected") cache.drop(done.connectionId);
      return done;
    },
    async link({ ttlSeconds: ttl, ...input }) {
      const { url } = await post("links", { ...input, ttl }, "url");
      return url as string;
    },
    async endSessions(userId) {
      const path = `/v1/users/${inPath(userId)}/connect-sessions`;
      return fromWire(await request({ method: "DELETE", path, repeatable: true, fields: ["ended_at"] }));
    },
  };
}

/** What the server wants to see of the query of a return URL. */
function readQuery(query: ReturnQuery): { confirmation?: string; error?: string } {
  const all = typeof query === "string" || query instanceof URLSearchParams ? new URLSearchParams(query) : null;
  const given = all === null ? query : Object.fromEntries(all);
  const named = ["confirmation", "error"].map((name) => [name, (given as Readonly<Record<string, unknown>>)[name]]);
  return Object.fromEntries(named.filter(([, value]) => typeof value === "string" && value !== ""));
}

type Answered =
  | ({ readonly status: "connected" } & Omit<Extract<Confirmed, { kind: "connected" }>, "kind">)
  /** A problem document. */
  | {
      readonly status: number;
      readonly code: ConnectRefusalCode;
      readonly detail: string;
      readonly returnUrl: string | null;
    };

function toConfirmed(answered: Answered): Confirmed {
  if (answered.status === "connected") {
    const { connectionId, provider, returnUrl, reconnected, missingScopes } = answered;
    return { kind: "connected", connectionId, provider, returnUrl, reconnected, missingScopes };
  }
  const { code, detail: message, returnUrl } = answered;
  return { kind: "refused", code, message, returnUrl };
}
