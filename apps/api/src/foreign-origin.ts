import type { Engine } from "@evertoken/engine/internal";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Problem } from "./problem.ts";

const callback = "/v1/connect/callback";

/** Where pages that may post a provider's answer come from: the origins that users may be sent back to. */
function isAllowed(origin: string, { config }: Engine): boolean {
  const { publicUrl, returnUrls } = config.connect;
  return [...returnUrls, ...(publicUrl === null ? [] : [publicUrl])].some((entry) => new URL(entry).origin === origin);
}

/** Browsers state the origin of every such request, and pages cannot forge it; other clients have none. */
export function checkOrigin({ headers }: FastifyRequest, reply: FastifyReply, engine: Engine): void {
  const { origin } = headers;
  reply.header("vary", "origin");
  if (origin === undefined) return;
  if (!isAllowed(origin, engine)) {
    throw new Problem("foreign_origin", { detail: "this origin is not on the allow list (RETURN_URL_ALLOWLIST)" });
  }
  reply.header("access-control-allow-origin", origin);
}

/** What a browser asks before it posts JSON to another origin. */
export function answerPreflight(app: FastifyInstance, engine: Engine): void {
  app.options(callback, { schema: { hide: true } }, async (request, reply) => {
    checkOrigin(request, reply, engine);
    reply.headers({ "access-control-allow-methods": "POST", "access-control-allow-headers": "content-type" });
    return reply.code(204).send();
  });
}
