import { knownTags } from "@evertoken/adapters";
import { providersAtWork, withStore } from "@evertoken/engine/internal";
import { savedLists } from "@evertoken/operations";
import type { FastifyInstance } from "fastify";
import { registerAccount } from "./account.ts";
import { act, actionsByName, actorToken, sessionOf, showReconnectLink } from "./actions.ts";
import { registerAudit } from "./audit.ts";
import { bannerOf } from "./banners.ts";
import { registerBulk } from "./bulk.ts";
import { connectionPage } from "./connection-page.ts";
import { connectionsPage } from "./connections-page.ts";
import { sendConnectionsSheet } from "./connections-sheet.ts";
import { type AccountDeps, createContext, type PageContext } from "./context.ts";
import { failed } from "./failed.ts";
import { notUnderstood } from "./fault.ts";
import { registerLog } from "./log.ts";
import { overviewPage } from "./overview-page.ts";
import { registerAssets, sendPage } from "./page.ts";
import { providerPage, readProvider } from "./provider-page.ts";
import { providersPage } from "./providers-page.ts";
import { queueStandings } from "./queue-standings.ts";
import { type Range, readRange } from "./range.ts";
import { readConnection } from "./read-connection.ts";
import { readList } from "./read-list.ts";
import { readOverview } from "./read-overview.ts";
import { registerSaved } from "./saved.ts";
import { registerSettings } from "./settings.ts";
import { turnQueue } from "./turn-queue.ts";
import { readUser, userPage } from "./user-page.ts";
import { registerWebhooks } from "./webhooks.ts";

const overviewSeconds = 5;
const connectionSeconds = 5;

/** The pages about tokens. The guard stands in front of all of them. */
export async function registerPages(app: FastifyInstance, deps: AccountDeps): Promise<void> {
  const { engine } = deps;
  const context = createContext(deps);
  registerAssets(app);
  // So that the first visitor does not wait for the first count of a million connections.
  app.addHook("onListen", async () => void Promise.allSettled([context.counts(), context.situation()]));
  await app.register(async (scope) => {
    scope.addHook("preHandler", () => engine.providers.catchUp());
    scope.setErrorHandler((error, request, reply) => failed(error, request, reply));
    registerViews(scope, context);
    registerAccount(scope, context);
    registerAudit(scope, engine);
    registerBulk(scope, context);
    registerSaved(scope, context);
    registerLog(scope, context);
    registerWebhooks(scope, context);
    registerSettings(scope, context);
    for (const name of Object.keys(actionsByName)) {
      scope.post(`/connections/:id/${name}`, (request, reply) => act(context, name, request, reply));
    }
    for (const turn of ["pause", "resume"] as const)
      scope.post(`/providers/:id/${turn}`, (request, reply) => turnQueue(context, turn, request, reply));
    scope.post("/connections/:id/reconnect-link", (request, reply) => showReconnectLink(context, request, reply));
  });
}

/** @throws {PageFault} 400 */
function rangeIn(query: unknown): Range {
  const { range, ...others } = (query ?? {}) as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) throw notUnderstood(`There is no filter "${other}" here. There is: range.`);
  return readRange(range);
}

/** Suggested while something is typed. */
const offeredTags = 200;

function registerViews(app: FastifyInstance, context: PageContext): void {
  const { engine } = context;
  app.get("/", async (request, reply) => {
    const session = sessionOf(request);
    const content = overviewPage(await readOverview(context, rangeIn(request.query)), actorToken(session));
    return sendPage(reply, { title: "Token health", content, section: "overview", session, live: overviewSeconds });
  });

  app.get("/connections", async (request, reply) => {
    const session = sessionOf(request);
    const [list, saved, tags] = await Promise.all([
      readList(context, request.query),
      withStore(() => savedLists(engine.pool, session.name)),
      withStore(() => knownTags(engine.pool, offeredTags)),
    ]);
    const content = connectionsPage(context, { list, saved, tags }, session);
    return sendPage(reply, { title: "Connections", content, section: "connections", session });
  });

  app.get<{ Params: { id: string }; Querystring: { before?: unknown; done?: unknown } }>(
    "/connections/:id",
    async (request, reply) => {
      const session = sessionOf(request);
      const details = await readConnection(context, request.params.id, request.query.before);
      const formToken = session.formToken;
      const content = connectionPage({ details, role: session.role, formToken, banner: bannerOf(request.query.done) });
      const title = `${details.connection.displayName ?? details.connection.externalAccountId} (${details.providerName})`;
      const live = details.earlier ? {} : { live: connectionSeconds };
      return sendPage(reply, { title, content, section: "connections", session, ...live });
    },
  );

  app.get("/connections.csv", (request, reply) => sendConnectionsSheet(context, request, reply));

  app.get("/user", async (request, reply) => {
    const user = await readUser(context, request.query);
    return sendPage(reply, {
      title: user.userId,
      content: userPage(user),
      section: "connections",
      session: sessionOf(request),
    });
  });

  app.get<{ Params: { id: string } }>("/providers/:id", async (request, reply) => {
    const session = sessionOf(request);
    const page = await readProvider(context, request.params.id, rangeIn(request.query));
    const content = providerPage(context, page, actorToken(session));
    const title = page.overview.nameOf(page.id);
    return sendPage(reply, { title, content, section: "providers", session, live: overviewSeconds });
  });

  app.get("/providers", async (request, reply) => {
    const { counts } = context;
    const session = sessionOf(request);
    const [ids, counted, situation, queues] = await Promise.all([
      withStore(() => providersAtWork(engine)),
      withStore(counts),
      context.situation(),
      queueStandings(engine),
    ]);
    const known = new Set([...ids, ...engine.providers.faults().keys()]);
    const shown = { now: new Date(), ids: [...known].sort(), counts: counted.value, queues };
    const formToken = actorToken(session);
    const content = providersPage(context, { ...shown, situation: situation.value, formToken });
    return sendPage(reply, { title: "Providers", content, section: "providers", session, live: overviewSeconds });
  });
}
