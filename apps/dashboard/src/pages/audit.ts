import { type AuditFilter, auditLog, type Engine } from "@evertoken/engine/internal";
import { auditCsv } from "@evertoken/operations";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sessionOf } from "./actions.ts";
import { auditPage } from "./audit-page.ts";
import { filterOf, readAuditQuery } from "./audit-query.ts";
import { sendPage } from "./page.ts";
import { sendSheet } from "./send-sheet.ts";

const shown = 50;
const sheetPage = 1000;

/** Who did what, for operators: see `access.ts`. */
export function registerAudit(app: FastifyInstance, engine: Engine): void {
  app.get("/audit", async (request, reply) => {
    const query = readAuditQuery(request.query);
    const found = await auditLog(engine, { ...filterOf(query), limit: shown + 1 });
    const entries = found.slice(0, shown);
    const next = found.length > shown ? String(entries.at(-1)?.id) : null;
    const content = auditPage({ query, entries, next });
    return sendPage(reply, { title: "Audit", content, section: "audit", session: sessionOf(request) });
  });
  app.get("/audit.csv", (request, reply) => sendAuditSheet(engine, request, reply));
}

/** All that fits, however long: a page at a time. What goes out of the house is written down before. */
async function sendAuditSheet(engine: Engine, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const filter = filterOf(readAuditQuery(request.query));
  const who = { actor: `person:${sessionOf(request).name}`, address: request.ip };
  if (request.method === "GET") await engine.audit.write({ ...who, action: "audit.downloaded" });
  return sendSheet(reply, "audit", sheet(engine, filter));
}

async function* sheet(engine: Engine, filter: AuditFilter): AsyncGenerator<readonly string[]> {
  let before = filter.before;
  for (let first = true; ; first = false) {
    const entries = await auditLog(engine, { ...filter, ...(before !== undefined && { before }), limit: sheetPage });
    yield auditCsv(entries, first);
    if (entries.length < sheetPage) return;
    before = entries.at(-1)?.id;
  }
}
