import { bulkItems } from "@evertoken/adapters";
import { firstId } from "@evertoken/core";
import { type BulkAction, bulkActions, isUuid, withStore } from "@evertoken/engine/internal";
import { csv } from "@evertoken/operations";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readForm, requireLinks, sessionOf } from "./actions.ts";
import { bulkPage } from "./bulk-page.ts";
import { typedWords } from "./bulk-words.ts";
import type { PageContext } from "./context.ts";
import { notUnderstood, PageFault } from "./fault.ts";
import { sendLinksSheet } from "./links-sheet.ts";
import { sendPage } from "./page.ts";
import { readBulk } from "./read-bulk.ts";
import { sendSheet } from "./send-sheet.ts";

const shown = 50;
const liveSeconds = 2;

/** What is done with many connections of a list: asked for, confirmed where it cannot be undone, and followed. */
export function registerBulk(app: FastifyInstance, context: PageContext): void {
  app.post("/connections/bulk", (request, reply) => ask(context, request, reply));
  app.post("/connections/bulk/:id/start", (request, reply) => begin(context, request, reply));
  app.get("/connections/bulk/:id", (request, reply) => show(context, request, reply));
  app.get("/connections/bulk/:id/items.csv", (request, reply) => sendItems(context, request, reply));
}

async function ask(context: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const { engine } = context;
  const { form, session } = readForm(request);
  const asked = readBulk(context, form, session.name);
  if (asked.deed === "links") {
    requireLinks(engine);
    return sendLinksSheet(context, asked, request, reply);
  }
  const { id, deed, tag } = asked;
  const order = { deed, tag, actor: `person:${session.name}`, address: request.ip };
  await bulkActions.choose(engine, id, order, asked.pages());
  const action = await found(context, id);
  if (action.state === "open" && typedWords(order, action.total ?? 0) === null) await start(context, action, request);
  return reply.redirect(`/connections/bulk/${id}`, 303);
}

async function begin(context: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const { form } = readForm(request);
  const action = await found(context, idOf(request));
  if (action.total === null) throw new PageFault(409, "Not chosen yet", "Go back to the list and send the form again.");
  const wanted = typedWords(action.order, action.total);
  if (
    wanted !== null &&
    String(form.typed ?? "")
      .trim()
      .toLowerCase() !== wanted
  )
    throw notUnderstood(`Nothing was done: to go on, type "${wanted}".`);
  if (action.state !== "finished") await start(context, action, request);
  return reply.redirect(`/connections/bulk/${action.id}`, 303);
}

/** Written down before it is done, and not done when that cannot be written. */
async function start(
  { engine }: PageContext,
  { id, order, total }: BulkAction,
  request: FastifyRequest,
): Promise<void> {
  const { deed, tag } = order;
  const detail = { bulk: id, deed, connections: total, ...(tag === null ? {} : { tag }) };
  const who = { actor: `person:${sessionOf(request).name}`, address: request.ip };
  await engine.audit.write({ ...who, action: "connections.bulk_started", detail });
  await bulkActions.start(engine, id);
}

async function show(context: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const session = sessionOf(request);
  const { after = firstId } = request.query as { after?: unknown };
  if (typeof after !== "string" || !isUuid(after)) throw notUnderstood(`"after" has to be the id of a connection.`);
  const action = await found(context, idOf(request));
  const items = await withStore(() =>
    bulkItems(context.engine.pool, action.id, { refused: true, after, limit: shown + 1 }),
  );
  const refused = items.slice(0, shown);
  const next = items.length > shown ? (refused.at(-1)?.id ?? null) : null;
  const content = bulkPage({ action, refused, next, formToken: session.formToken });
  const live = action.state === "finished" ? {} : { live: liveSeconds };
  return sendPage(reply, { title: "Many connections", content, section: "connections", session, ...live });
}

const head = ["ID", "PROVIDER", "USER", "NAME", "OUTCOME", "WHY"] as const;
const sheetPage = 1000;

async function sendItems(context: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const { id } = await found(context, idOf(request));
  const { pool } = context.engine;
  const lines = async function* () {
    yield csv(head, []);
    for (let after: string | undefined = firstId; after !== undefined; ) {
      const from: string = after;
      const items = await withStore(() => bulkItems(pool, id, { after: from, limit: sheetPage }));
      const cells = items.map((each) => [
        each.id,
        each.provider,
        each.user_id,
        each.name,
        each.outcome ?? "to do",
        each.why,
      ]);
      yield csv(head, cells).slice(1);
      after = items.length < sheetPage ? undefined : items.at(-1)?.id;
    }
  };
  return sendSheet(reply, "bulk", lines());
}

const idOf = (request: FastifyRequest) => (request.params as { id: string }).id;

async function found({ engine }: PageContext, id: string): Promise<BulkAction> {
  const action = isUuid(id) ? await bulkActions.find(engine, id) : null;
  if (action === null) throw new PageFault(404, "Not found", "There is no such action, or it is older than a week.");
  return action;
}
