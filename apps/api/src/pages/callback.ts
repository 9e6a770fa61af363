import { type Engine, withOutcome } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { bringAnswer, outcomeOf } from "../bring-answer.ts";
import { refusedIn } from "./banner.ts";
import { message, sendPage } from "./page.ts";
import { speechOf } from "./speech.ts";

/**
 * Where the provider sends the user back to: the redirect URI `<PUBLIC_URL>/connect/callback/<provider>`, one for each, so that a code of
 * the one cannot be taken to the other (RFC 9700 section 4.4.2.2); or the one that all shared before.
 */
export async function callback(engine: Engine, request: FastifyRequest, reply: FastifyReply) {
  const { provider } = request.params as { provider?: string };
  const redirectUri = `${engine.config.connect.publicUrl}/connect/callback${provider === undefined ? "" : `/${provider}`}`;
  const done = await bringAnswer(engine, request, redirectUri);
  if (done.returnUrl === null) {
    const { words } = speechOf(request);
    const text = refusedIn(words, done.kind === "refused" ? done.code : null);
    return sendPage(reply, { status: 400, title: words.notConnected, content: message(words.notConnected, text) }, []);
  }
  const { state } = request.query as { state: string };
  reply.header("referrer-policy", "no-referrer");
  return reply.redirect(withOutcome(done.returnUrl, outcomeOf(done, state)), 303);
}
