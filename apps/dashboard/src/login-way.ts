import type { Engine } from "@evertoken/engine/internal";
import type { Sessions, SetPerson } from "@evertoken/operations";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { LoginLimit } from "./login-limit.ts";
import { loginPage } from "./login-pages.ts";
import type { OpenId } from "./openid.ts";
import type { SessionCookie } from "./session-cookie.ts";

export interface LoginDeps {
  readonly engine: Engine;
  readonly people: readonly SetPerson[];
  /** null: nobody logs in elsewhere. */
  readonly openId: OpenId | null;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly limit: LoginLimit;
  /** Whether a password alone is not enough. */
  readonly needsSecondFactor: boolean;
}

export const sendHtml = (reply: FastifyReply, page: string): FastifyReply =>
  reply.type("text/html; charset=utf-8").send(page);

type Entering = Omit<Parameters<Sessions["begin"]>[0], "address">;

/** What every way in ends with. */
export function createWay(deps: LoginDeps) {
  const { engine, sessions, cookie, openId, limit } = deps;
  return {
    ...deps,
    /** The caller says what the browser, which is logged in then, sees next. */
    async enter(request: FastifyRequest, reply: FastifyReply, who: Entering, more = {}): Promise<void> {
      const { name, role, cameBy } = who;
      const detail = { role, by: cameBy, ...more };
      // Before it counts: without an entry nobody gets in.
      await engine.audit.write({ actor: `person:${name}`, action: "dashboard.logged_in", address: request.ip, detail });
      limit.worked(request, name);
      const secret = await sessions.begin({ ...who, address: request.ip });
      request.log.info({ event: "dashboard.logged_in", user: name, role, ip: request.ip }, "logged in");
      cookie.set(reply, secret);
    },
    async refuse(
      request: FastifyRequest,
      reply: FastifyReply,
      code: string,
      page: Parameters<typeof loginPage>[0],
      actor = "nobody",
    ): Promise<FastifyReply> {
      request.refused = { action: "dashboard.login_refused", code, actor };
      return sendHtml(reply.code(401), loginPage({ ...page, elsewhere: openId !== null }));
    },
  };
}

export type Way = ReturnType<typeof createWay>;
