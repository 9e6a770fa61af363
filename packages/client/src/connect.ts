import type { Authorization, Completed } from "./contract/connect.ts";
import type { Evertoken } from "./contract/evertoken.ts";
import type { Request } from "./request.ts";
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
    async link({ ttlSeconds: ttl, ...input }) {
      const { url } = await post("links", { ...input, ttl }, "url");
      return url as string;
    },
  };
}
