import { openFor, sealFor } from "@evertoken/engine/internal";
import { endSession } from "@evertoken/operations";
import type { FastifyInstance } from "fastify";
import { safeReturnPath } from "./guard.ts";
import { loginPage, logoutPage } from "./login-pages.ts";
import { registerPassword } from "./login-password.ts";
import { createWay, type LoginDeps, sendHtml, type Way } from "./login-way.ts";
import type { OpenId, OpenIdFlow } from "./openid.ts";

/** The pages that log in and out. A name is written down only if it is somebody's, since people type passwords there. */
export function registerLogin(app: FastifyInstance, deps: LoginDeps): void {
  const way = createWay(deps);
  app.get<{ Querystring: { next?: unknown } }>("/login", async (request, reply) => {
    const next = safeReturnPath(request.query.next);
    return request.session
      ? reply.redirect(next, 303)
      : sendHtml(reply, loginPage({ next, elsewhere: deps.openId !== null }));
  });
  registerPassword(app, way);
  if (deps.openId !== null) registerOpenId(app, way, deps.openId);
  registerLogout(app, way);
}

const flowPurpose = "login/openid";

type BegunFlow = OpenIdFlow & { readonly next: string };
const flowSeconds = 600;

/** There and back. What has to be the same at the end stands, sealed, in a cookie of its own: another browser's answer is none. */
function registerOpenId(app: FastifyInstance, way: Way, openId: OpenId): void {
  const { engine, cookie, enter, refuse } = way;
  const flowCookie = `${cookie.name}-login`;
  const preHandler = way.limit.refuseTooMany(() => undefined);
  app.get<{ Querystring: { next?: unknown } }>("/login/openid", { preHandler }, async (request, reply) => {
    const next = safeReturnPath(request.query.next);
    const { url, flow } = await openId.begin();
    const begun: BegunFlow = { ...flow, next };
    const sealed = sealFor(engine, flowPurpose, begun, flowSeconds * 1000);
    return reply.setCookie(flowCookie, sealed, { ...cookie.options, maxAge: flowSeconds }).redirect(url, 303);
  });
  app.get("/login/openid/callback", { preHandler }, async (request, reply) => {
    const flow = openFor<BegunFlow>(engine, flowPurpose, request.cookies[flowCookie]);
    reply.clearCookie(flowCookie, cookie.options);
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
        await enter(request, reply, { name, role, cameBy: "openid" }, { subject });
        return reply.redirect(flow.next, 303);
      }
    }
  });
}

function registerLogout(app: FastifyInstance, { engine, cookie }: Way): void {
  app.get("/logout", async (request, reply) =>
    request.session ? sendHtml(reply, logoutPage(request.session.name)) : reply.redirect("/login", 303),
  );
  app.post("/logout", async (request, reply) => {
    const { session } = request;
    if (session !== undefined) {
      await endSession(engine, session.id);
      const actor = `person:${session.name}`;
      await engine.audit.record({ actor, action: "dashboard.logged_out", address: request.ip });
      request.log.info({ event: "dashboard.logged_out", user: session.name }, "logged out");
    }
    return cookie.clear(reply).redirect("/login", 303);
  });
}
