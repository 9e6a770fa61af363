import { connectLink, type Engine } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { bannerOf } from "./banner.ts";
import { brandOf } from "./brand.ts";
import { connectPage } from "./connect-page.ts";
import type { PagesContext } from "./context.ts";
import { reportOf } from "./embed.ts";
import { linkGone } from "./link-gone.ts";
import { sendPage } from "./page.ts";
import { ask } from "./question.ts";
import { readSession, type Session } from "./session.ts";
import { offeredProviders, searched, shownConnections } from "./shown-connections.ts";
import { keepLanguage, speechOf } from "./speech.ts";
import { whoseOf } from "./whose.ts";

/** The connect page, for a browser that came with a link. */
export async function show(context: PagesContext, request: FastifyRequest, reply: FastifyReply) {
  const { engine, home, embedOrigins } = context;
  const query = request.query as Record<string, unknown>;
  keepLanguage(request, reply, new URL(home).pathname, new URL(home).protocol === "https:");
  if (typeof query.link === "string") return ask(context, request, reply, query.link);
  const session = await readSession(engine, request);
  if (session === null) return linkGone(context, reply, "over");
  const { words } = speechOf(request);
  const brand = brandOf(engine);
  const content = connectPage({
    ...{ words, brand, ...searched(offeredProviders(engine, session), query.q) },
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
    banner: bannerOf(query, words, (id) => engine.providers.get(id)?.provider.name ?? null),
  });
  return sendPage(reply, { title: words.title, content, brand, report: reportOf(query, embedOrigins) }, embedOrigins);
}

/** For the page outside of the frame, which has cookies of its own. */
function linkAgain(engine: Engine, session: Session): string {
  const {
    userId,
    userName = null,
    userEmail,
    returnUrl,
    providers,
    tags = [],
    confirm,
    connectionId,
    endsAt,
    mark,
  } = session;
  const link = {
    ...{ userId, confirm, tags: [...tags] },
    ...(userName === null ? {} : { userName }),
    ...(userEmail === null ? {} : { userEmail }),
    ...(returnUrl === null ? {} : { returnUrl }),
    ...(providers === null ? {} : { providers: [...providers] }),
  };
  return connectLink(engine, link, { connectionId, endsAt, mark });
}
