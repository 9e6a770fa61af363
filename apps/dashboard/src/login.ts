import { type Engine, openFor, sealFor } from "@evertoken/engine/internal";
import { endSession, type Sessions, type SetPerson } from "@evertoken/operations";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { safeReturnPath } from "./guard.ts";
import { createPersonCheck, isCode, nameInTicket, openTicket, sealTicket } from "./known-person.ts";
import type { LoginLimit } from "./login-limit.ts";
import { codePage, loginPage, logoutPage } from "./login-pages.ts";
import type { OpenId, OpenIdFlow } from "./openid.ts";

export interface LoginDeps {
  readonly engine: Engine;
  readonly people: readonly SetPerson[];
  /** null: nobody logs in elsewhere. */
  readonly openId: OpenId | null;
  readonly sessions: Sessions;
  readonly cookieName: string;
  readonly secureCookies: boolean;
  readonly lifetimeMs: number;
  readonly limit: LoginLimit;
}

const html = (reply: FastifyReply, page: string): FastifyReply => reply.type("text/html; charset=utf-8").send(page);

const text = (maxLength: number) => ({ type: "string", maxLength }) as const;
const form = (required: readonly string[], properties: object) => ({ type: "object", required, properties }) as const;
const passwordForm = form(["name", "password"], { name: text(200), password: text(1000), next: text(2000) });
const codeForm = form(["ticket", "code"], { ticket: text(2000), code: text(20), next: text(2000) });

type Entering = Parameters<Sessions["begin"]>[0];

/** The pages that log in and out. A name is written down only if it is somebody's, since people type passwords there. */
export function registerLogin(app: FastifyInstance, deps: LoginDeps): void {
  const cookie = { path: "/", httpOnly: true, sameSite: "lax", secure: deps.secureCookies } as const;
  const way = { ...deps, cookie, ...entry(deps, cookie) };
  app.get<{ Querystring: { next?: unknown } }>("/login", async (request, reply) => {
    const next = safeReturnPath(request.query.next);
    return request.session
      ? reply.redirect(next, 303)
      : html(reply, loginPage({ next, elsewhere: deps.openId !== null }));
  });
  registerPassword(app, way);
  if (deps.openId !== null) registerOpenId(app, way, deps.openId);
  registerLogout(app, way);
}

type Way = LoginDeps & { readonly cookie: Cookie } & ReturnType<typeof entry>;
type Cookie = { readonly path: string; readonly httpOnly: true; readonly sameSite: "lax"; readonly secure: boolean };

/** What every way in ends with. */
function entry({ engine, sessions, cookieName, lifetimeMs, openId, limit }: LoginDeps, cookie: Cookie) {
  return {
    async enter(request: FastifyRequest, reply: FastifyReply, who: Omit<Entering, "address">, next: string, more = {}) {
      const { name, role, cameBy } = who;
      const detail = { role, by: cameBy, ...more };
      // Before it counts: without an entry nobody gets in.
      await engine.audit.write({ actor: `person:${name}`, action: "dashboard.logged_in", address: request.ip, detail });
      limit.worked(request, name);
      const secret = await sessions.begin({ ...who, address: request.ip });
      request.log.info({ event: "dashboard.logged_in", user: name, role, ip: request.ip }, "logged in");
      const maxAge = Math.floor(lifetimeMs / 1000);
      return reply.setCookie(cookieName, secret, { ...cookie, maxAge }).redirect(next, 303);
    },
    async refuse(
      request: FastifyRequest,
      reply: FastifyReply,
      code: string,
      page: Parameters<typeof loginPage>[0],
      actor = "nobody",
    ) {
      request.refused = { action: "dashboard.login_refused", code, actor };
      return html(reply.code(401), loginPage({ ...page, elsewhere: openId !== null }));
    },
  };
}

function registerPassword(app: FastifyInstance, { engine, people, enter, refuse, limit }: Way): void {
  const check = createPersonCheck(engine, people);
  const byName = limit.refuseTooMany(({ body }) => (body as { name: string }).name);
  const byTicket = limit.refuseTooMany(({ body }) => nameInTicket(engine, (body as { ticket: string }).ticket));
  app.post<{ Body: { name: string; password: string; next?: string } }>(
    "/login",
    { schema: { body: passwordForm }, preHandler: byName },
    async (request, reply) => {
      const { name, password } = request.body;
      const next = safeReturnPath(request.body.next);
      const person = await check(name, password);
      if (person === null) {
        return refuse(request, reply, "password", { next, name, problem: "This name and password do not match." });
      }
      if (person.codeSecret === null) return enter(request, reply, person, next);
      return html(reply, codePage({ next, ticket: sealTicket(engine, person.name, person.credential) }));
    },
  );
  app.post<{ Body: { ticket: string; code: string; next?: string } }>(
    "/login/code",
    { schema: { body: codeForm }, preHandler: byTicket },
    async (request, reply) => {
      const { ticket, code } = request.body;
      const next = safeReturnPath(request.body.next);
      const person = await openTicket(engine, ticket);
      if (person === null)
        return refuse(request, reply, "ticket", { next, problem: "That took too long. Log in again." });
      const { name, codeSecret } = person;
      if (codeSecret !== null && !(await isCode(engine, name, codeSecret, code))) {
        const problem = "This code is not the one of now, or was used before. Log in again with the next one.";
        return refuse(request, reply, "code", { next, name, problem }, `person:${name}`);
      }
      return enter(request, reply, person, next);
    },
  );
}

const flowPurpose = "login/openid";

type BegunFlow = OpenIdFlow & { readonly next: string };
const flowSeconds = 600;

/** There and back. What has to be the same at the end stands, sealed, in a cookie of its own: another browser's answer is none. */
function registerOpenId(app: FastifyInstance, way: Way, openId: OpenId): void {
  const { engine, cookieName, cookie, enter, refuse } = way;
  const flowCookie = `${cookieName}-login`;
  const preHandler = way.limit.refuseTooMany(() => undefined);
  app.get<{ Querystring: { next?: unknown } }>("/login/openid", { preHandler }, async (request, reply) => {
    const next = safeReturnPath(request.query.next);
    const { url, flow } = await openId.begin();
    const begun: BegunFlow = { ...flow, next };
    const sealed = sealFor(engine, flowPurpose, begun, flowSeconds * 1000);
    return reply.setCookie(flowCookie, sealed, { ...cookie, maxAge: flowSeconds }).redirect(url, 303);
  });
  app.get("/login/openid/callback", { preHandler }, async (request, reply) => {
    const flow = openFor<BegunFlow>(engine, flowPurpose, request.cookies[flowCookie]);
    reply.clearCookie(flowCookie, cookie);
    if (flow === null) {
      return refuse(request, reply, "no_flow", {
        next: "/",
        problem: "This login was not begun in this browser, or took too long.",
      });
    }
    const answer = await openId.finish(request.url.slice(request.url.indexOf("?")), flow);
    const page = { next: flow.next };
    switch (answer.kind) {
      case "refused":
        return refuse(request, reply, answer.why, {
          ...page,
          problem: "The login elsewhere did not end well. Try again.",
        });
      case "no_role": {
        const problem = "You are known, but have no role here. Ask who runs this dashboard.";
        return refuse(request, reply, "no_role", { ...page, problem }, `person:${answer.name}`);
      }
      case "known": {
        const { name, role, subject } = answer;
        return enter(request, reply, { name, role, cameBy: "openid" }, flow.next, { subject });
      }
    }
  });
}

function registerLogout(app: FastifyInstance, { engine, cookieName, cookie }: Way): void {
  app.get("/logout", async (request, reply) =>
    request.session ? html(reply, logoutPage(request.session.name)) : reply.redirect("/login", 303),
  );
  app.post("/logout", async (request, reply) => {
    const { session } = request;
    if (session !== undefined) {
      await endSession(engine, session.id);
      const actor = `person:${session.name}`;
      await engine.audit.record({ actor, action: "dashboard.logged_out", address: request.ip });
      request.log.info({ event: "dashboard.logged_out", user: session.name }, "logged out");
    }
    return reply.clearCookie(cookieName, cookie).redirect("/login", 303);
  });
}
