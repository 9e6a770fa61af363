import { type Completed, completeConnect, type Engine, withOutcome } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { message, sendPage } from "./page.ts";
import { readSession } from "./session.ts";

/** Where the provider sends the user back to (RFC 6749 section 4.1.2): the redirect URI `<PUBLIC_URL>/connect/callback`. */
export async function callback(engine: Engine, request: FastifyRequest, reply: FastifyReply) {
  const query = request.query as Record<string, unknown>;
  const once = (name: string) => (typeof query[name] === "string" ? query[name] : undefined);
  const state = once("state") ?? "";
  const done = await completeConnect(engine, {
    state,
    code: once("code"),
    // A parameter that comes twice is nobody's word (RFC 6749 section 3.1).
    error: once("error") ?? (Array.isArray(query.error) || Array.isArray(query.code) ? "invalid_request" : undefined),
    errorDescription: once("error_description"),
    // Including those above: which of them are kept, the provider's file says.
    parameters: Object.fromEntries(
      Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    ),
    iss: once("iss") ?? (Array.isArray(query.iss) ? "" : undefined),
    binding: readSession(engine, request)?.id,
  });
  if (done.returnUrl === null) {
    const text = done.kind === "refused" ? done.message : "";
    return sendPage(reply, { status: 400, title: "Not connected", content: message("Not connected", text) }, []);
  }
  reply.header("referrer-policy", "no-referrer");
  return reply.redirect(withOutcome(done.returnUrl, { ...outcomeOf(done), state }), 303);
}

/** What an app finds in the query of its return URL; with the state, which it may compare with the one it got from `authorize`. */
function outcomeOf(done: Completed): Record<string, string> {
  if (done.kind === "refused") return { status: "refused", error: done.code };
  const { connectionId, provider, missingScopes } = done;
  const missing = missingScopes.length === 0 ? {} : { missing_scopes: missingScopes.join(" ") };
  return { status: "connected", connection_id: connectionId, provider, ...missing };
}
