import {
  authorize,
  disconnectAndRevoke,
  EvertokenError,
  fromEngine,
  userActor,
  withStore,
} from "@evertoken/engine/internal";
import { html } from "@evertoken/operations";
import type { FastifyReply, FastifyRequest } from "fastify";
import { brandOf } from "./brand.ts";
import type { PagesContext } from "./context.ts";
import { linkGone } from "./link-gone.ts";
import { message, sendPage } from "./page.ts";
import { isOwnForm, readSession, type Session } from "./session.ts";
import { said, speechOf } from "./speech.ts";

type Form = Readonly<Record<string, unknown>>;
type Action = (context: PagesContext, session: Session, form: Form, reply: FastifyReply) => Promise<unknown>;

/** Does what a form asks for, once it is sure that a page of this session has sent it. */
export async function act(context: PagesContext, request: FastifyRequest, reply: FastifyReply, action: Action) {
  const session = await readSession(context.engine, request);
  if (session === null) return linkGone(context, reply, "over");
  const form = (request.body ?? {}) as Form;
  if (isOwnForm(context.engine, request, session.formToken, form.form_token))
    return action(context, session, form, reply);
  request.refusal = "not_own_form";
  const { notAllowed: title, notThisPage } = speechOf(request).words;
  return sendPage(reply, { status: 403, title, content: message(title, notThisPage) }, context.embedOrigins);
}

/** Answers with a page that goes on, not with a redirect: `form-action` would judge that, and all the provider redirects to in turn. */
export const start: Action = async ({ engine, home }, session, form, reply) => {
  const known = typeof form.connection === "string" ? await ownConnection(engine, session, form.connection) : null;
  if (known === null && session.connectionId != null) throw unavailable();
  const provider = known?.provider ?? String(form.provider ?? "");
  if (session.providers !== null && !session.providers.includes(provider)) throw unavailable();
  const { url } = await authorize(
    engine,
    {
      ...{ userId: session.userId, provider, returnUrl: session.returnUrl ?? home },
      ...(known === null ? {} : { connectionId: known.id }),
      ...(session.userEmail === null ? {} : { userEmail: session.userEmail }),
      ...{ tags: [...(session.tags ?? [])], confirm: session.confirm ?? false },
    },
    session.id,
  );
  await engine.audit.record({
    ...visitor(engine, session, reply),
    ...{ action: "connect.begun", connectionId: known?.id ?? null, detail: { provider } },
  });
  const name = engine.providers.get(provider)?.provider.name ?? provider;
  const { words } = speechOf(reply.request);
  const title = said(words.goingOn, { name });
  const content = html`<div class="card lone"><h1>${title}</h1>
<p class="dim">${words.consentThere}</p><a class="button" href="${url}">${said(words.continueTo, { name })}</a></div>`;
  return sendPage(reply, { title, content, goOn: url, brand: brandOf(engine) }, []);
};

const statusOf = {
  yes: "revoked",
  no: "disconnected_here",
  later: "revoking",
  not_supported: "disconnected",
} as const;

export const disconnect: Action = async ({ engine, home }, session, form, reply) => {
  if (session.connectionId != null) throw unavailable();
  const { id } = await ownConnection(engine, session, String(form.connection ?? ""));
  await withStore(engine.checkKeys);
  const { revoked } = await disconnectAndRevoke(engine, id);
  await engine.audit.record({
    ...visitor(engine, session, reply),
    ...{ action: "connection.disconnected", connectionId: id, detail: { revoked } },
  });
  return reply.redirect(`${home}?status=${statusOf[revoked]}`, 303);
};

const visitor = (engine: PagesContext["engine"], { userId }: Session, { request }: FastifyReply) => ({
  ...{ actor: userActor(engine, userId), address: request.ip },
});

/** Another user's looks like one that is not there. */
async function ownConnection(engine: PagesContext["engine"], session: Session, id: string) {
  const { userId, providers, connectionId } = session;
  if (connectionId != null && connectionId !== id) throw unavailable();
  const found = await fromEngine(engine).connections.get(id);
  if (found.userId !== userId || !(providers?.includes(found.provider) ?? true)) throw unavailable();
  return found;
}

const unavailable = () => new EvertokenError("connection_not_found", "not this session's");
