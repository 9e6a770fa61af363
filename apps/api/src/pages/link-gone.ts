import type { FastifyReply } from "fastify";
import type { PagesContext } from "./context.ts";
import { message, sendPage } from "./page.ts";

const said = {
  over: [
    401,
    "Link no longer valid",
    "This page is no longer open",
    "The link is not valid, or its time is over. Please go back to the app and open it again from there.",
  ],
  others: [
    410,
    "Link already used",
    "This link was opened in another browser",
    "Each link opens one browser's page. Please go back to the app and ask for a new one. If nobody but you can have opened it, tell those who run the app.",
  ],
} as const;

export function linkGone({ embedOrigins }: PagesContext, reply: FastifyReply, why: keyof typeof said) {
  const [status, title, heading, text] = said[why];
  return sendPage(reply, { status, title, content: message(heading, text) }, embedOrigins);
}
