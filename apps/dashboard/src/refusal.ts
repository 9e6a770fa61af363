import type { FastifyReply, FastifyRequest } from "fastify";
import { boardPrefix } from "./access.ts";
import { errorPage } from "./login-pages.ts";

const refusals = {
  cross_origin: [
    "Not from this page",
    "The request did not come from this dashboard's own pages, so nothing was done.",
  ],
  login_needed: ["Please log in", "Your session has ended. Reload the page to log in again."],
  switched_off: [
    "Switched off",
    "This action could harm many connections at once and is switched off here for everyone.",
  ],
  operators_only: ["Operators only", "You can look at everything here; changing something needs the role operator."],
  already_done: ["Already done", "This job has completed; running it again would do its work twice."],
  queue_needed: ["Queue needed", "This queue repairs the others and cannot be paused here."],
  too_many_logins: ["Too many attempts", "Please wait a minute before you try to log in again."],
  not_found: ["Not found", "There is no such page here."],
  method_not_allowed: ["Not possible", "This page cannot be used in that way."],
  bad_request: ["Not understood", "The request was not in the expected form or too large."],
  no_store: [
    "Postgres does not answer",
    "Who is logged in, and everything that these pages show, is in Postgres. You stay logged in; reload when it is back. Tokens that are granted meanwhile are kept.",
  ],
  unavailable: [
    "Not available",
    "The queues cannot be read at the moment. Is Redis up? This page will work again by itself.",
  ],
} as const satisfies Record<string, readonly [title: string, text: string]>;

export type RefusalCode = keyof typeof refusals;

/** The body that Bull Board's pages show as a notice: `error` is its headline, `message` its text. */
export const refusalBody = (code: RefusalCode): { error: string; message: string; code: RefusalCode } => ({
  error: refusals[code][0],
  message: refusals[code][1],
  code,
});

const isForBoard = (request: FastifyRequest): boolean => request.url.startsWith(`${boardPrefix}/api/`);

/** Says no: as a notice to the board's scripts, as a page to people, as JSON to everything else. */
export function refusal(request: FastifyRequest, reply: FastifyReply, status: number, code: RefusalCode): FastifyReply {
  reply.code(status);
  if (status === 401 || status === 403 || status === 429) request.refused = { action: "dashboard.refused", code };
  const wantsPage = !isForBoard(request) && (request.headers.accept ?? "").includes("text/html");
  if (!wantsPage) return reply.send(refusalBody(code));
  return reply.type("text/html; charset=utf-8").send(errorPage(refusals[code][0], refusals[code][1]));
}
