import type { FastifyReply } from "fastify";
import type { PagesContext } from "./context.ts";
import { message, sendPage } from "./page.ts";

export function linkGone({ embedOrigins }: PagesContext, reply: FastifyReply) {
  const text = "This link is not valid, or too old. Please go back to the app and open it again from there.";
  const content = message("This page is no longer open", text);
  return sendPage(reply, { status: 401, title: "Link no longer valid", content }, embedOrigins);
}
