import { randomBytes } from "node:crypto";
import type { Evertoken } from "@evertoken/client";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";

export interface AppOptions {
  /** Where browsers reach this app. */
  readonly url: string;
  /** The API that is called with the user's token. */
  readonly apiUrl: string;
}

/** One address for each provider, so that a code of the one cannot be taken to another. */
interface Callback {
  Params: { provider: string };
  Querystring: Record<string, string>;
}

/** Three pages: connect an account, come back from the provider, call the API. */
export function createApp(evertoken: Evertoken, { url, apiUrl }: AppOptions): FastifyInstance {
  const app = Fastify();

  app.get<{ Params: { provider: string } }>("/connect/:provider", async (request, reply) => {
    // The answer of the provider counts only in the browser that asked for it.
    const binding = randomBytes(32).toString("base64url");
    const { url: consentPage } = await evertoken.connect.authorize({
      userId: userOf(request),
      provider: request.params.provider,
      returnUrl: `${url}/`,
      redirectUri: `${url}/callback/${request.params.provider}`,
      binding,
    });
    const cookie = `connecting=${binding}; HttpOnly; SameSite=Lax; Path=/callback; Max-Age=600`;
    return reply.header("set-cookie", cookie).redirect(consentPage);
  });

  app.get<Callback>("/callback/:provider", async (request, reply) => {
    const { state = "", code, error, error_description: errorDescription, iss } = request.query;
    const binding = /(?:^|; )connecting=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    const redirectUri = `${url}/callback/${request.params.provider}`;
    const end = await evertoken.connect.complete({ state, code, error, errorDescription, iss, redirectUri, binding });
    if (end.kind === "refused") return reply.code(400).send({ code: end.code, message: end.message });
    return reply.redirect(`${end.returnUrl}?connected=${end.provider}`);
  });

  app.get<{ Params: { provider: string } }>("/account/:provider", async (request) => {
    const target = { userId: userOf(request), provider: request.params.provider };
    // A token that the API refuses (401) is refreshed once, and the call is made again.
    const answer = await evertoken.withAccessToken(target, ({ accessToken }) =>
      fetch(apiUrl, { headers: { authorization: `Bearer ${accessToken}` } }),
    );
    return answer.json();
  });

  app.get("/", async (request) => evertoken.health(userOf(request)));

  // A user who has to connect again is told where; everything else stays between us and the log.
  app.setErrorHandler<Error & { code?: string; reconnectUrl?: string | null }>((error, _request, reply) =>
    reply.code(502).send({ code: error.code ?? "failed", reconnectUrl: error.reconnectUrl ?? null }),
  );
  return app;
}

/** Your own login goes here. */
function userOf(request: FastifyRequest): string {
  return String(request.headers["x-user"] ?? "ada");
}
