import type { ListedConnection } from "@evertoken/adapters";
import { shownStatus } from "@evertoken/core";
import { csv } from "@evertoken/operations";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sessionOf } from "./actions.ts";
import type { PageContext } from "./context.ts";
import { writeCursor } from "./list-query.ts";
import { readList } from "./read-list.ts";
import { sendSheet } from "./send-sheet.ts";

const sheetPage = 1000;

const head = [
  ...["ID", "PROVIDER", "USER", "ACCOUNT", "NAME", "KIND", "STATUS", "TOKEN ENDS", "LAST REFRESH", "NEXT REFRESH"],
  ...["FAILING SINCE", "ERROR", "LAST CHANGE", "TAGS"],
] as const;

/** All that the filters of a list find, however long: a page at a time. What goes out of the house is written down before. */
export async function sendConnectionsSheet(context: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const asked = (request.query ?? {}) as Readonly<Record<string, unknown>>;
  // What cannot be meant is said before anything is sent.
  const first = await readList(context, asked, sheetPage);
  const who = { actor: `person:${sessionOf(request).name}`, address: request.ip };
  if (request.method === "GET") await context.engine.audit.write({ ...who, action: "connections.downloaded" });
  return sendSheet(reply, "connections", sheet(context, asked, first));
}

type List = Awaited<ReturnType<typeof readList>>;

async function* sheet(context: PageContext, asked: object, first: List): AsyncGenerator<readonly string[]> {
  let list = first;
  for (let page = 0; ; page++) {
    const lines = csv(
      head,
      list.rows.map((row) => cells(row, list.now)),
    );
    yield page === 0 ? lines : lines.slice(1);
    if (list.next === null) return;
    list = await readList(context, { ...asked, after: writeCursor(list.next) }, sheetPage);
  }
}

const cells = (row: ListedConnection, now: Date) => [
  ...[row.id, row.provider, row.user_id, row.external_account_id, row.display_name, row.auth_type],
  ...[shownStatus(row.status, row.expires_at, now), row.expires_at, row.last_refresh_at, row.next_refresh_at],
  ...[row.failing_since, row.last_error_code, row.updated_at, row.tags.join(" ")],
];
