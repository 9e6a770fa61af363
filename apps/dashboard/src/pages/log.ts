import { type AttemptFilter, connectionsOfAttempts, connectionsOfUser, listAttempts } from "@evertoken/adapters";
import { providersAtWork, withStore } from "@evertoken/engine/internal";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { sessionOf } from "./actions.ts";
import type { PageContext } from "./context.ts";
import { logConnectionsPage, logPage } from "./log-page.ts";
import { filterOf, type LogQuery, readLogQuery } from "./log-query.ts";
import { sendPage } from "./page.ts";

const shown = 50;
const shownConnections = 200;

/** The refresh log of all connections, and whose attempts these are. */
export function registerLog(app: FastifyInstance, context: PageContext): void {
  const { pool } = context.engine;
  app.get("/log", async (request, reply) => {
    const { filter, ...page } = await read(context, request);
    const { attempts, goOnBefore } = await withStore(() => listAttempts(pool, filter, shown));
    const content = logPage({ ...page, attempts, goOnBefore, most: shown });
    return sendPage(reply, { title: "Log", content, section: "log", session: sessionOf(request) });
  });
  app.get("/log/connections", async (request, reply) => {
    const { filter, ...page } = await read(context, request);
    const { connections, count, goOnBefore } = await withStore(() =>
      connectionsOfAttempts(pool, filter, shownConnections),
    );
    const content = logConnectionsPage({ ...page, connections, count, goOnBefore });
    return sendPage(reply, { title: "Log by connection", content, section: "log", session: sessionOf(request) });
  });
}

async function read({ engine }: PageContext, request: FastifyRequest) {
  const now = new Date();
  const atWork = await withStore(() => providersAtWork(engine));
  const nameOf = (id: string) => engine.providers.get(id)?.provider.name ?? id;
  const query = readLogQuery(request.query, (id) => atWork.has(id) || engine.providers.get(id) !== undefined);
  const providers = [...atWork].map((id) => [id, nameOf(id)] as const).sort(([, a], [, b]) => a.localeCompare(b));
  return { query, now, providers, nameOf, filter: await ofUser(engine.pool, query, filterOf(query, now)) };
}

async function ofUser(
  pool: PageContext["engine"]["pool"],
  { user }: LogQuery,
  filter: AttemptFilter,
): Promise<AttemptFilter> {
  if (user === undefined) return filter;
  return { ...filter, connectionIds: await withStore(() => connectionsOfUser(pool, user)) };
}
