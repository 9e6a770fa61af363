import { type Engine, takeStart } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { giveFlowCookie } from "../flow-cookie.ts";
import { message, sendPage } from "./page.ts";

/** The one-time start address: goes on to the provider, and takes hold of the browser, which alone can bring the answer back. */
export async function sendOut(engine: Engine, request: FastifyRequest, reply: FastifyReply) {
  const { token } = request.params as { token: string };
  const consentUrl = await takeStart(engine, token, giveFlowCookie(engine, request, reply));
  reply.header("referrer-policy", "no-referrer");
  if (consentUrl !== null) return reply.redirect(consentUrl, 303);
  reply.removeHeader("set-cookie");
  const text = "It is too old, or was opened in another browser. Please go back to the app and start again from there.";
  const content = message("This address was used already", text);
  return sendPage(reply, { status: 410, title: "No longer valid", content }, []);
}
