import { describeError } from "@evertoken/adapters";
import { EvertokenError } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isRefusal, Problem } from "../problem.ts";
import type { PagesContext } from "./context.ts";
import { message, sendPage } from "./page.ts";
import { speechOf } from "./speech.ts";
import type { Words } from "./words/words.ts";

/** What went wrong, as a page: never the error's own words. */
export function failed(
  { home, embedOrigins }: PagesContext,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const status = statusOf(error);
  if (error instanceof Problem && isRefusal(error.body.code)) request.refusal = error.body.code;
  if (status >= 500) request.log.error({ err: describeError(error) }, "a page could not be shown");
  const { words } = speechOf(request);
  const [title, text] = wordsOf(status, error, words);
  const content = message(title, text, { href: home, label: words.yourAccounts });
  return sendPage(reply, { status, title, content }, embedOrigins);
}

function wordsOf(status: number, error: unknown, words: Words): [title: string, text: string] {
  if (status >= 500) return [words.notAvailable, words.tryLater];
  if (status === 429) return [words.tooFast, words.waitAMinute];
  return [words.didNotWork, error instanceof EvertokenError ? words.accountNotThere : words.goBack];
}

function statusOf(error: unknown): number {
  if (error instanceof EvertokenError) {
    if (error.code === "connection_not_found" || error.code === "unknown_provider") return 404;
    return error.code === "invalid_input" ? 400 : 503;
  }
  if (error instanceof Problem) return error.body.status;
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === "number" && statusCode >= 400 ? statusCode : 500;
}
