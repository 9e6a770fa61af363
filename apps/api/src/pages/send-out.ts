import { type Engine, takeStart } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { giveFlowCookie } from "../flow-cookie.ts";
import { message, sendPage } from "./page.ts";
import { speechOf } from "./speech.ts";

/** The one-time start address: goes on to the provider, and takes hold of the browser, which alone can bring the answer back. */
export async function sendOut(engine: Engine, request: FastifyRequest, reply: FastifyReply) {
  const { token } = request.params as { token: string };
  const consentUrl = await takeStart(engine, token, giveFlowCookie(engine, request, reply));
  reply.header("referrer-policy", "no-referrer");
  if (consentUrl !== null) return reply.redirect(consentUrl, 303);
  reply.removeHeader("set-cookie");
  const { addressUsed: title, addressUsedText } = speechOf(request).words;
  return sendPage(reply, { status: 410, title, content: message(title, addressUsedText) }, []);
}
