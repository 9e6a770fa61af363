import type { Engine } from "@evertoken/engine/internal";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Problem } from "./problem.ts";

/** The addresses that providers send browsers back to, and those that send them out. */
const callback = /^(\/v1)?\/connect\/callback$|^\/connect\/(callback|go)\/:/;

const formType = "application/x-www-form-urlencoded";
const longestForm = 64 * 1024;

/**
 * What comes to a callback and is not the browser bringing the answer: a look at its head, or ahead of the user (`Sec-Purpose`), acts on
 * nothing. An answer that the provider's page posts as a form (OAuth 2.0 Form Post Response Mode) is brought once more by the browser, as a
 * GET: a cookie that is `SameSite=Lax` comes with that one, and not with a form of another site.
 */
export function guardCallbacks(app: FastifyInstance, engine: Engine): void {
  app.addContentTypeParser(
    formType,
    { parseAs: "string", bodyLimit: longestForm },
    async (request: FastifyRequest, body: string) => {
      if (isCallback(request)) return Object.fromEntries(new URLSearchParams(body));
      throw new Problem("unsupported_media_type", { detail: "the body must be JSON" });
    },
  );
  app.addHook("preValidation", async (request, reply) => {
    if (!isCallback(request)) return;
    if (request.method === "HEAD") return reply.code(200).send();
    if (request.method === "GET" && looksAhead(request))
      return reply.code(503).header("vary", "sec-purpose, purpose").send();
    if (request.method === "POST" && isForm(request)) return bringAgain(engine, request, reply);
  });
}

const pathOf = ({ url }: FastifyRequest) => url.split("?", 1)[0] ?? "";
/** By the pattern that the router has matched, so that no spelling of an address gets around it. */
const isCallback = ({ routeOptions }: FastifyRequest) => callback.test(routeOptions.url ?? "");

const isForm = ({ headers }: FastifyRequest) => headers["content-type"]?.toLowerCase().startsWith(formType) === true;

function looksAhead({ headers }: FastifyRequest): boolean {
  return [headers["sec-purpose"], headers.purpose, headers["x-purpose"], headers["x-moz"]].some(
    (purpose) => typeof purpose === "string" && /\b(prefetch|prerender|preview)\b/i.test(purpose),
  );
}

/** Tokens and what is told of the person have no place in an address; and we ask for neither. */
const unwanted = ["id_token", "access_token", "token_type", "expires_in", "user"];

function bringAgain({ config }: Engine, request: FastifyRequest, reply: FastifyReply) {
  const fields = Object.entries((request.body ?? {}) as Record<string, unknown>);
  const wanted = fields.flatMap(([name, value]): [string, string][] =>
    unwanted.includes(name) ? [] : [value].flat().map((each) => [name, String(each)]),
  );
  const form = new URLSearchParams(wanted);
  reply.header("referrer-policy", "no-referrer");
  return reply.redirect(`${config.connect.publicUrl ?? ""}${pathOf(request)}?${form}`, 303);
}
