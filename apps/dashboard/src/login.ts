import type { FastifyInstance, FastifyReply } from "fastify";
import { safeReturnPath } from "./guard.ts";
import { loginPage, logoutPage } from "./login-pages.ts";
import type { createPasswordCheck, DashboardUser } from "./passwords.ts";
import type { Sessions } from "./sessions.ts";

export interface LoginDeps {
  readonly checkPassword: ReturnType<typeof createPasswordCheck>;
  readonly sessions: Sessions;
  readonly cookieName: string;
  readonly secureCookies: boolean;
  readonly lifetimeMs: number;
  /** Attempts a minute from one address (one /64 for IPv6). */
  readonly auditLogin: (name: string) => Promise<void>;
  readonly attemptsPerMinute: number;
}

const html = (reply: FastifyReply, page: string): FastifyReply => reply.type("text/html; charset=utf-8").send(page);

const loginSchema = {
  type: "object",
  required: ["name", "password"],
  properties: {
    name: { type: "string", maxLength: 200 },
    password: { type: "string", maxLength: 1000 },
    next: { type: "string", maxLength: 2000 },
  },
} as const;

interface LoginForm {
  readonly name: string;
  readonly password: string;
  readonly next?: string;
}

/** The pages that log in and out. A name is logged only if it is a user's, since people type passwords there. */
export function registerLogin(app: FastifyInstance, deps: LoginDeps): void {
  const { sessions, cookieName } = deps;
  const cookie = { path: "/", httpOnly: true, sameSite: "lax", secure: deps.secureCookies } as const;

  const enter = (reply: FastifyReply, user: DashboardUser, next: string): FastifyReply =>
    reply
      .setCookie(cookieName, sessions.issue(user), { ...cookie, maxAge: Math.floor(deps.lifetimeMs / 1000) })
      .redirect(next, 303);

  app.get<{ Querystring: { next?: unknown } }>("/login", async (request, reply) => {
    const next = safeReturnPath(request.query.next);
    return request.session ? reply.redirect(next, 303) : html(reply, loginPage({ next }));
  });

  const rateLimit = { max: deps.attemptsPerMinute, timeWindow: 60_000 };
  app.post<{ Body: LoginForm }>(
    "/login",
    { schema: { body: loginSchema }, config: { rateLimit } },
    async (request, reply) => {
      const { name, password } = request.body;
      const next = safeReturnPath(request.body.next);
      const user = await deps.checkPassword(name, password);
      if (!user) {
        request.log.warn({ event: "dashboard.login_refused", ip: request.ip }, "login refused");
        return html(reply.code(401), loginPage({ next, name, problem: "This name and password do not match." }));
      }
      await deps.auditLogin(user.name);
      request.log.info({ event: "dashboard.logged_in", user: user.name, role: user.role, ip: request.ip }, "logged in");
      return enter(reply, user, next);
    },
  );

  app.get("/logout", async (request, reply) =>
    request.session ? html(reply, logoutPage(request.session.name)) : reply.redirect("/login", 303),
  );

  app.post("/logout", async (request, reply) => {
    sessions.revoke(request.cookies[cookieName]);
    if (request.session) request.log.info({ event: "dashboard.logged_out", user: request.session.name }, "logged out");
    return reply.clearCookie(cookieName, cookie).redirect("/login", 303);
  });
}
