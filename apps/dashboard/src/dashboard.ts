import type { OpenIdSettings, TrustedProxies } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import {
  type ConnectionLimits,
  connectionLimits,
  createSessions,
  limitConnections,
  openLimits,
  type SetPerson,
  serverOptions,
  trustProxies,
} from "@evertoken/operations";
import cookie from "@fastify/cookie";
import formbody from "@fastify/formbody";
import helmet, { type FastifyHelmetOptions } from "@fastify/helmet";
import type { Queue } from "bullmq";
import fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance, LogController } from "fastify";
import { accessTo, boardActionOf, methodsOf, routeKey } from "./access.ts";
import { registerBoard } from "./board.ts";
import { boardStyle } from "./board-style.ts";
import { countRefusals } from "./count-refusals.ts";
import { createGuard } from "./guard.ts";
import { registerLogin } from "./login.ts";
import { createLoginLimit } from "./login-limit.ts";
import { createOpenId } from "./openid.ts";
import { registerPages } from "./pages/register.ts";
import { refusal } from "./refusal.ts";
import { createSessionCookie } from "./session-cookie.ts";

export interface DashboardDeps {
  /** What the pages about tokens show and change; the caller closes it. */
  readonly engine: Engine;
  /** Asked before every answer of the board. Their connections must fail fast; the caller closes them. */
  readonly queues: () => readonly Queue[];
  /** Whom the settings let in, beside those that are stored. */
  readonly people: readonly SetPerson[];
  /** Where people may log in as well. */
  readonly openId?: OpenIdSettings | null;
  /** Where browsers reach it, without a slash at the end; needed to come back from there. */
  readonly publicUrl?: string | null;
  /** True behind TLS: cookies are sent over https only, and browsers are told to stay on https. */
  readonly secureCookies: boolean;
  /** What `/readyz` answers: `readiness` of the adapters. */
  readonly ready: () => Promise<{ readonly ready: boolean; readonly checks: Readonly<Record<string, string>> }>;
  readonly logger: FastifyBaseLogger;
  /** Which proxies may state the client's address and our host name, by number or network. Default: none. */
  readonly trustProxy?: TrustedProxies;
  /** Whether a password alone is not enough. Default: it is. */
  readonly needsSecondFactor?: boolean;
  /** Default: 12 hours, and 1 hour without a request. */
  readonly session?: { readonly lifetimeMs: number; readonly idleMs: number };
  /** Default 10. */
  readonly loginAttemptsPerMinute?: number;
  readonly connections?: ConnectionLimits;
}

/** Scripts are Bull Board's own files; styles are inline in its page and ours, so those must be allowed. */
const securityHeaders = (secure: boolean): FastifyHelmetOptions => ({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", "data:"],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      workerSrc: ["'self'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: secure,
  xFrameOptions: { action: "deny" },
  // With helmet's own "no-referrer" browsers send "Origin: null" with forms, and the guard could not tell them apart.
  referrerPolicy: { policy: "same-origin" },
});

function answerTrouble(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsOf(request.url.split("?", 1)[0] ?? "");
    if (methods.length === 0) return refusal(request, reply, 404, "not_found");
    return refusal(request, reply.header("allow", methods.join(", ")), 405, "method_not_allowed");
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return refusal(request, reply, error.statusCode, "bad_request");
    }
    request.log.error({ event: "dashboard.failed", err: error }, "a page could not be answered");
    return refusal(request, reply, 503, "unavailable");
  });
}

/**
 * What is done with the board stands in the audit log before it is done, and is not done when that cannot be written; what came of it
 * in the log.
 */
function recordActions(app: FastifyInstance, { audit }: Engine): void {
  app.addHook("preHandler", async (request) => {
    const action = boardActionOf(routeKey(request.method, request.routeOptions.url ?? ""));
    const { session, params } = request;
    if (action === undefined || session === undefined) return;
    const detail = params as Readonly<Record<string, string>>;
    await audit.write({ actor: `person:${session.name}`, action, address: request.ip, detail });
  });
  app.addHook("onResponse", async (request, reply) => {
    const key = routeKey(request.method, request.routeOptions.url ?? "");
    if (accessTo(key) !== "operator" || !request.session) return;
    const { name, role } = request.session;
    const fields = { event: "dashboard.action", user: name, role, action: key, target: request.params };
    request.log.info({ ...fields, status: reply.statusCode }, "action of a user");
  });
}

const hourMs = 60 * 60 * 1000;

function openIdOf({ openId = null, publicUrl = null, engine }: DashboardDeps) {
  if (openId === null) return null;
  if (publicUrl === null) throw new TypeError("login by OpenID Connect needs the address of the dashboard");
  return createOpenId(openId, `${publicUrl}/login/openid/callback`, engine.config.request.allowPrivateAddresses);
}

/** Builds the dashboard; the caller listens and closes. */
export async function createDashboard(deps: DashboardDeps): Promise<FastifyInstance> {
  const { engine, people, connections = connectionLimits } = deps;
  const { lifetimeMs, idleMs } = deps.session ?? { lifetimeMs: 12 * hourMs, idleMs: hourMs };
  const needsSecondFactor = deps.needsSecondFactor ?? false;
  const sessions = createSessions(engine, { idleMs, lifetimeMs, settingsPeople: people, needsSecondFactor });
  const openId = openIdOf(deps);
  const cookieName = deps.secureCookies ? "__Host-evertoken" : "evertoken";
  const app = fastify({
    loggerInstance: deps.logger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trustProxies(deps.trustProxy ?? false),
    bodyLimit: 64 * 1024,
    http: serverOptions(connections),
  });
  limitConnections(app.server, connections);
  answerTrouble(app);
  await app.register(helmet, securityHeaders(deps.secureCookies));
  await app.register(cookie);
  await app.register(formbody, { bodyLimit: 16 * 1024 });
  app.decorateRequest("session", undefined);
  countRefusals(app, engine);
  app.addHook("onRequest", createGuard(sessions, cookieName));
  app.addHook("onSend", async (_request, reply, payload) => {
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    return payload;
  });
  const { limits, close } = await openLimits(engine);
  app.addHook("onClose", async () => close());
  recordActions(app, engine);
  app.get("/healthz", async () => ({ alive: true }));
  app.get("/readyz", async (_request, reply) => {
    const answer = await deps.ready();
    return reply.code(answer.ready ? 200 : 503).send(answer);
  });
  app.get("/board.css", async (_request, reply) => reply.type("text/css; charset=utf-8").send(boardStyle));
  const sessionCookie = createSessionCookie(cookieName, deps.secureCookies, lifetimeMs);
  const limit = createLoginLimit(limits, deps.loginAttemptsPerMinute ?? 10);
  registerLogin(app, { engine, people, openId, sessions, cookie: sessionCookie, limit, needsSecondFactor });
  await registerPages(app, { engine, idleMs, sessions, cookie: sessionCookie, limit });
  await registerBoard(app, { queues: deps.queues, logger: deps.logger });
  return app;
}
