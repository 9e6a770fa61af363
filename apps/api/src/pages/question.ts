import { type BroughtLink, linkStanding, readConnectLink, userActor } from "@evertoken/engine/internal";
import { type Html, html } from "@evertoken/operations";
import type { FastifyReply, FastifyRequest } from "fastify";
import { brandOf, logo } from "./brand.ts";
import type { PagesContext } from "./context.ts";
import { linkGone } from "./link-gone.ts";
import { message, sendPage } from "./page.ts";
import { browserOf, isOwnForm, knownBrowser, openingToken, openSession, readSession } from "./session.ts";
import { filled, speechOf } from "./speech.ts";
import { whoseOf } from "./whose.ts";
import type { Words } from "./words/words.ts";

/** What a link leads to: a question, and nothing else. So whoever looks at addresses ahead of the user uses no link up. */
export async function ask(context: PagesContext, request: FastifyRequest, reply: FastifyReply, token: string) {
  const { engine, home, embedOrigins } = context;
  const read = readConnectLink(engine, token);
  if (read === null) return linkGone(context, reply, "over");
  const brought: BroughtLink = { ...read, browser: browserOf(engine, request, reply) };
  const standing = await linkStanding(engine, brought);
  if (standing === "over" || standing === "others") return linkGone(context, reply, standing);
  const session = await readSession(engine, request);
  if (session?.link === brought.link) return reply.redirect(home, 303);
  const other = session === null || session.userId === read.visitor.userId ? null : whoseOf(session);
  const { words } = speechOf(request);
  const content = question(context, words, { brought, token, other });
  return sendPage(reply, { title: words.isItYou, content, brand: brandOf(engine) }, embedOrigins);
}

function question(
  { engine, home }: PagesContext,
  words: Words,
  { brought, token, other }: { brought: BroughtLink; token: string; other: string | null },
): Html {
  const app = engine.config.connect.appName ?? words.anApp;
  const bold = (text: string) => html`<strong><bdi>${text}</bdi></strong>`;
  return html`<div class="card lone">${logo(brandOf(engine))}<h1>${words.isItYou}</h1>
<p>${filled(words.usedBy, { app, whose: bold(whoseOf(brought.visitor)) })}</p>
${other === null ? null : html`<p class="more">${filled(words.otherAccounts, { whose: html`<bdi>${other}</bdi>` })}</p>`}
<form method="post" action="${new URL(home).pathname}/open"><input type="hidden" name="link" value="${token}">
<input type="hidden" name="form_token" value="${openingToken(brought)}"><button class="wide">${words.yesGoOn}</button></form>
<p class="dim small">${words.notYou}</p></div>`;
}

const notOpened = "a link to the connect page was not opened";

/** The answer to the question: opens the one session that the link is good for. */
export async function open(context: PagesContext, request: FastifyRequest, reply: FastifyReply) {
  const { engine, home, embedOrigins } = context;
  const form = (request.body ?? {}) as Readonly<Record<string, unknown>>;
  const read = readConnectLink(engine, typeof form.link === "string" ? form.link : "");
  if (read === null) return linkGone(context, reply, "over");
  const browser = knownBrowser(engine, request);
  const brought: BroughtLink = { ...read, browser: browser ?? "" };
  if (browser === null || !isOwnForm(engine, request, openingToken(brought), form.form_token)) {
    request.refusal = "not_own_form";
    engine.logger.warn({ reason: "not_own_form" }, notOpened);
    const { notAllowed: title, notOurPage } = speechOf(request).words;
    return sendPage(reply, { status: 403, title, content: message(title, notOurPage) }, embedOrigins);
  }
  if (!(await openSession(engine, reply, brought))) {
    const reason = (await linkStanding(engine, brought)) === "others" ? "others" : "over";
    engine.logger.warn({ reason }, notOpened);
    return linkGone(context, reply, reason);
  }
  const { userId, connectionId = null } = read.visitor;
  const who = { actor: userActor(engine, userId), address: request.ip };
  await engine.audit.record({ ...who, action: "connect.session_opened", connectionId });
  return reply.redirect(home, 303);
}
