import { EvertokenError } from "@evertoken/engine/internal";
import type { Session, Sessions } from "@evertoken/operations";
import type { FastifyReply, FastifyRequest } from "fastify";
import { accessTo, isHealth, isPage, routeKey } from "./access.ts";
import { refusal } from "./refusal.ts";

declare module "fastify" {
  interface FastifyRequest {
    session: Session | undefined;
  }
}

/**
 * Cross-site forgery: a request that changes something comes from one of our own pages. Browsers state the origin of
 * every POST and PUT and pages cannot forge it; SameSite on the cookie is the second fence. Only the host is
 * compared, because behind a TLS proxy we do not know our own scheme.
 */
function fromOurOwnPage(request: FastifyRequest): boolean {
  const { origin, "sec-fetch-site": site } = request.headers;
  if (site !== undefined && site !== "same-origin") return false;
  if (origin === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === request.host;
}

/** Where to go after the login: only ever one of our own pages. */
export function safeReturnPath(next: unknown): string {
  const isOurs =
    typeof next === "string" &&
    /^\/(?:queues|connections|log|providers|user|settings|webhooks|audit|account)(?:[/?][\w/?=&%.:~+-]*)?$/.test(next);
  return isOurs ? next : "/";
}

/** One gate in front of every route, closed unless `access.ts` names the route and the visitor has its role. */
export function createGuard(sessions: Sessions, cookieName: string) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (request.is404) return undefined;
    const key = routeKey(request.method, request.routeOptions.url ?? "");
    const access = accessTo(key);
    if (isHealth(key)) return undefined;
    try {
      request.session = (await sessions.read(request.cookies[cookieName])) ?? undefined;
    } catch (error) {
      if (error instanceof EvertokenError) return refusal(request, reply, 503, "no_store");
      throw error;
    }
    const changes = request.method !== "GET" && request.method !== "HEAD";
    if (changes && !fromOurOwnPage(request)) return refusal(request, reply, 403, "cross_origin");
    if (access === "public") return undefined;
    if (!request.session) {
      if (!isPage(key)) return refusal(request, reply, 401, "login_needed");
      return reply.redirect(`/login?next=${encodeURIComponent(safeReturnPath(request.url))}`, 303);
    }
    if (access === undefined) return refusal(request, reply, 403, "switched_off");
    if (access === "operator" && request.session.role !== "operator") {
      return refusal(request, reply, 403, "operators_only");
    }
    return undefined;
  };
}
