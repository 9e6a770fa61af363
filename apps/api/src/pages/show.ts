import { connectLink, type Engine } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { bannerOf } from "./banner.ts";
import { connectPage } from "./connect-page.ts";
import type { PagesContext } from "./context.ts";
import { linkGone } from "./link-gone.ts";
import { sendPage } from "./page.ts";
import { formToken, openSession, readSession, type Session } from "./session.ts";
import { offeredProviders, shownConnections } from "./shown-connections.ts";

/** The connect page, for a browser that came with a link. */
export async function show(context: PagesContext, request: FastifyRequest, reply: FastifyReply) {
  const { engine, home, embedOrigins } = context;
  const query = request.query as Record<string, unknown>;
  // The link leaves the address bar, and with it the history, at once.
  if (typeof query.link === "string") {
    return openSession(engine, request, reply, query.link) ? reply.redirect(home, 303) : linkGone(context, reply);
  }
  const session = readSession(engine, request);
  if (session === null) return linkGone(context, reply);
  const content = connectPage({
    ...{
      base: new URL(home).pathname,
      returnUrl: session.returnUrl,
      whose: session.userEmail ?? session.userId,
      app: engine.config.connect.appName,
      limited: session.connectionId != null,
      formToken: formToken(session),
    },
    outside: request.headers["sec-fetch-dest"] === "iframe" ? linkAgain(engine, session) : null,
    connections: await shownConnections(engine, session),
    providers: offeredProviders(engine, session),
    banner: bannerOf(query, (id) => engine.providers.get(id)?.provider.name ?? null),
  });
  return sendPage(reply, { title: "Connected accounts", content }, embedOrigins);
}

/** For the page outside of the frame, which has cookies of its own. */
function linkAgain(engine: Engine, session: Session): string {
  const { userId, userEmail, returnUrl, providers, connectionId, endsAt } = session;
  const link = {
    userId,
    ...(userEmail === null ? {} : { userEmail }),
    ...(returnUrl === null ? {} : { returnUrl }),
    ...(providers === null ? {} : { providers: [...providers] }),
  };
  return connectLink(engine, link, { connectionId, endsAt });
}
