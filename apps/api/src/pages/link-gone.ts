import type { FastifyReply } from "fastify";
import type { PagesContext } from "./context.ts";
import { message, sendPage } from "./page.ts";
import { speechOf } from "./speech.ts";

export function linkGone({ embedOrigins }: PagesContext, reply: FastifyReply, why: "over" | "others") {
  const { words } = speechOf(reply.request);
  const [status, title, text] =
    why === "over" ? [401, words.linkOver, words.linkOverText] : [410, words.linkUsed, words.linkUsedText];
  return sendPage(reply, { status, title, content: message(title, text) }, embedOrigins);
}
