import { connectLink, type Engine } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { bannerOf } from "./banner.ts";
import { connectPage } from "./connect-page.ts";
import type { PagesContext } from "./context.ts";
import { linkGone } from "./link-gone.ts";
import { sendPage } from "./page.ts";
import { ask } from "./question.ts";
import { readSession, type Session } from "./session.ts";
import { offeredProviders, shownConnections } from "./shown-connections.ts";
import { whoseOf } from "./whose.ts";

/** The connect page, for a browser that came with a link. */
export async function show(context: PagesContext, request: FastifyRequest, reply: FastifyReply) {
  const { engine, home, embedOrigins } = context;
  const query = request.query as Record<string, unknown>;
  if (typeof query.link === "string") return ask(context, request, reply, query.link);
  const session = await readSession(engine, request);
  if (session === null) return linkGone(context, reply, "over");
  const content = connectPage({
    ...{
      base: new URL(home).pathname,
      returnUrl: session.returnUrl,
      whose: whoseOf(session),
      app: engine.config.connect.appName,
      limited: session.connectionId != null,
      formToken: session.formToken,
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
  const { userId, userName = null, userEmail, returnUrl, providers, confirm, connectionId, endsAt, mark } = session;
  const link = {
    ...{ userId, confirm },
    ...(userName === null ? {} : { userName }),
    ...(userEmail === null ? {} : { userEmail }),
    ...(returnUrl === null ? {} : { returnUrl }),
    ...(providers === null ? {} : { providers: [...providers] }),
  };
  return connectLink(engine, link, { connectionId, endsAt, mark });
}
