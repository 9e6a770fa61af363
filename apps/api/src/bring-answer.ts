import { type Completed, completeConnect, type Engine } from "@evertoken/engine/internal";
import type { FastifyRequest } from "fastify";
import { readFlowCookie } from "./flow-cookie.ts";
import { readSession } from "./pages/session.ts";

/**
 * What became of the answer that the provider sent this browser back with (RFC 6749 section 4.1.2).
 *
 * @param redirectUri the address that it came to
 */
export async function bringAnswer(engine: Engine, request: FastifyRequest, redirectUri: string): Promise<Completed> {
  const query = request.query as Record<string, unknown>;
  const once = (name: string) => (typeof query[name] === "string" ? query[name] : undefined);
  return completeConnect(engine, {
    state: once("state") ?? "",
    code: once("code"),
    // A parameter that comes twice is nobody's word (RFC 6749 section 3.1).
    error: once("error") ?? (Array.isArray(query.error) || Array.isArray(query.code) ? "invalid_request" : undefined),
    errorDescription: once("error_description"),
    // Including those above: which of them are kept, the provider's file says.
    parameters: Object.fromEntries(
      Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    ),
    iss: once("iss") ?? (Array.isArray(query.iss) ? "" : undefined),
    redirectUri,
    binding: (await readSession(engine, request))?.id,
    browser: readFlowCookie(engine, request),
    address: request.ip,
  });
}

/** What an app finds in the query of its return URL. */
export function outcomeOf(done: Completed, state: string): Record<string, string> {
  switch (done.kind) {
    case "refused":
      return { status: "refused", error: done.code, state };
    case "pending":
      return { status: "pending", confirmation: done.confirmation, provider: done.provider, state };
    case "connected": {
      const { connectionId, provider, missingScopes } = done;
      const missing = missingScopes.length === 0 ? {} : { missing_scopes: missingScopes.join(" ") };
      return { status: "connected", connection_id: connectionId, provider, ...missing, state };
    }
    default:
      return done satisfies never;
  }
}
