import { type ListedConnection, listedByIds } from "@evertoken/adapters";
import { withStore } from "@evertoken/engine/internal";
import { csv } from "@evertoken/operations";
import type { FastifyReply, FastifyRequest } from "fastify";
import { reconnectLinkOf, sessionOf } from "./actions.ts";
import type { PageContext } from "./context.ts";
import type { AskedBulk } from "./read-bulk.ts";
import { sendSheet } from "./send-sheet.ts";

const atOnce = 50;
const head = ["ID", "PROVIDER", "USER", "ACCOUNT", "NAME", "STATUS", "LINK", "GOOD UNTIL", "NONE BECAUSE"] as const;

/** A link with which its user connects it again, for each that is asked for. What goes out of the house is written down before. */
export async function sendLinksSheet(
  context: PageContext,
  { pages }: AskedBulk,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const who = { actor: `person:${sessionOf(request).name}`, address: request.ip };
  // What cannot be meant, and that there is no page to lead to, is said before anything is sent.
  const rest = pages();
  const first = await rest.next();
  await context.engine.audit.write({ ...who, action: "connect.links_downloaded" });
  const ids = (async function* () {
    if (first.done !== true) yield first.value;
    yield* rest;
  })();
  return sendSheet(reply, "reconnect-links", sheet(context, ids, who));
}

type Who = { readonly actor: string; readonly address: string };

async function* sheet(
  context: PageContext,
  pages: AsyncIterable<readonly string[]>,
  who: Who,
): AsyncGenerator<readonly string[]> {
  yield csv(head, []);
  for await (const ids of pages) {
    const rows = await withStore(() => listedByIds(context.engine.pool, ids));
    for (let at = 0; at < rows.length; at += atOnce) {
      const lines = await Promise.all(rows.slice(at, at + atOnce).map((row) => cells(context, row, who)));
      yield csv(head, lines).slice(1);
    }
  }
}

async function cells({ engine }: PageContext, row: ListedConnection, who: Who): Promise<unknown[]> {
  const { id, provider, user_id: userId, external_account_id, display_name, status, auth_type } = row;
  const own = [id, provider, userId, external_account_id, display_name, status];
  if (auth_type !== "oauth2") return [...own, "", "", `${auth_type}: it is not connected by consent`];
  const { url, until } = await reconnectLinkOf(engine, { id, userId, provider });
  engine.audit.count({ ...who, action: "connect.link_made", connectionId: id });
  return [...own, url, until, ""];
}
