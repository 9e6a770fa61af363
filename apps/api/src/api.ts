import type { Limits } from "@evertoken/adapters";
import { type Engine, fromEngine } from "@evertoken/engine/internal";
import {
  ableToServe,
  type ConnectionLimits,
  connectionLimits,
  limitConnections,
  openLimits,
  type ReadyChecks,
  readiness,
  serverOptions,
  trustProxies,
} from "@evertoken/operations";
import helmet from "@fastify/helmet";
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import manifest from "../package.json" with { type: "json" };
import { createAuthenticate } from "./authenticate.ts";
import { countRefusals } from "./count-refusals.ts";
import { describeApi } from "./describe-api.ts";
import { handleClientError, handleError, handleUnknown } from "./errors.ts";
import { answerPreflight } from "./foreign-origin.ts";
import { limitBrowsers } from "./limit-browsers.ts";
import { methodsAt } from "./methods-at.ts";
import { registerPages } from "./pages/pages.ts";
import { readJsonOnly } from "./read-json.ts";
import { type ApiContext, registerRoutes } from "./route.ts";
import { routes } from "./routes.ts";
import { securityHeaders } from "./security-headers.ts";
import { guardCallbacks } from "./untaken-callback.ts";

export interface ApiOptions {
  /** What `/readyz` looks at. Default: Postgres and Redis. */
  readonly ready?: ReadyChecks;
  /** Without it requests leave no line. */
  readonly logger?: FastifyBaseLogger;
  readonly connections?: ConnectionLimits;
}

const bodyLimit = 256 * 1024;
const maxHeaderSize = 16 * 1024;

/** The HTTP API over an engine; the caller listens and closes both. */
export async function createApi(
  engine: Engine,
  { ready, logger, connections = connectionLimits }: ApiOptions = {},
): Promise<FastifyInstance> {
  const app = createServer(engine, connections, logger);
  limitConnections(app.server, connections);
  app.setValidatorCompiler(checkWithZod);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(handleUnknown((path) => methodsAt(app, routes, path)));
  readJsonOnly(app);
  guardCallbacks(app, engine);
  setHeaders(app);
  countRefusals(app, engine);
  await app.register(helmet, securityHeaders);
  const { limits, close } = await openLimits(engine);
  app.addHook("onClose", async () => close());
  limitBrowsers(app, limits);
  await describeApi(app);
  registerRoutes(app, routes, contextOf(engine, limits));
  answerPreflight(app, engine);
  await registerPages(app, engine);
  registerHealth(app, ready ?? (() => ableToServe(engine)));
  return app;
}

function createServer({ config }: Engine, connections: ConnectionLimits, logger?: FastifyBaseLogger): FastifyInstance {
  return fastify({
    ...(logger === undefined ? {} : { loggerInstance: logger }),
    // What was done, and what was refused, stands in the audit log.
    logController: new LogController({ disableRequestLogging: true }),
    ...{ trustProxy: trustProxies(config.api.trustProxy), bodyLimit },
    http: { maxHeaderSize, ...serverOptions(connections) },
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: false },
    // A stop answers what is under way and takes nothing new.
    ...{ return503OnClosing: false, forceCloseConnections: "idle" },
    clientErrorHandler: handleClientError,
    frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
  }) as unknown as FastifyInstance;
}

function setHeaders(app: FastifyInstance): void {
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
  });
  app.addHook("onSend", async (_request, reply, payload) => {
    reply.header("evertoken-version", manifest.version);
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    // A connection that stayed open for a next request would hold up the stop.
    if (closing) reply.header("connection", "close");
    return payload;
  });
}

/** Fastify says null where there was no body, and schemas know a body that may be left out as undefined. */
const checkWithZod: typeof validatorCompiler = (route) => {
  const check = validatorCompiler(route);
  return route.httpPart === "body" ? (data) => check(data ?? undefined) : check;
};

function contextOf(engine: Engine, limits: Limits): ApiContext {
  return { engine, client: fromEngine(engine), authenticate: createAuthenticate(engine, limits) };
}

function registerHealth(app: FastifyInstance, ready: ReadyChecks): void {
  const schema = { hide: true };
  app.get("/healthz", { schema }, async () => ({ alive: true }));
  app.get("/readyz", { schema }, async (_request, reply) => {
    const answer = await readiness(ready);
    return reply.code(answer.ready ? 200 : 503).send(answer);
  });
}
