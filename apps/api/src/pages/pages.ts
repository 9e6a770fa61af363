import { createUserHash, describeError } from "@evertoken/adapters";
import {
  authorize,
  connectLink,
  createAudit,
  disconnectAndRevoke,
  type Engine,
  EvertokenError,
  fromEngine,
} from "@evertoken/client/engine";
import formbody from "@fastify/formbody";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { bannerOf } from "./banner.ts";
import { callback } from "./callback.ts";
import { connectPage } from "./connect-page.ts";
import { html } from "./html.ts";
import { message, sendPage } from "./page.ts";
import { formToken, isOwnForm, openSession, readSession, type Session } from "./session.ts";
import { offeredProviders, shownConnections } from "./shown-connections.ts";

export interface PagesOptions {
  /** Flows that one address may begin in a minute, where the app limits rates. */
  readonly startsPerMinute?: number;
}

type Form = Readonly<Record<string, unknown>>;

/** The connect page, its actions, and the redirect URI `<PUBLIC_URL>/connect/callback`. Nothing at all without PUBLIC_URL. */
export async function registerPages(app: FastifyInstance, engine: Engine, options: PagesOptions = {}): Promise<void> {
  const { publicUrl } = engine.config.connect;
  if (publicUrl === null) return;
  const pages = createPages(engine, publicUrl);
  const { startsPerMinute = 60 } = options;
  const schema = { hide: true };
  const limited = { schema, config: { rateLimit: { max: startsPerMinute, timeWindow: 60_000 } } };
  await app.register(async (scope) => {
    // Forms and nothing else: what a page of ours sends.
    scope.removeAllContentTypeParsers();
    await scope.register(formbody, { bodyLimit: 16_384 });
    scope.setErrorHandler((error, request, reply) => pages.failed(error, request, reply));
    scope.get("/connect", { schema }, (request, reply) => pages.show(request, reply));
    scope.get("/connect/callback", { schema }, (request, reply) => callback(engine, request, reply));
    scope.post("/connect/start", limited, (request, reply) => pages.act(request, reply, pages.start));
    scope.post("/connect/disconnect", limited, (request, reply) => pages.act(request, reply, pages.disconnect));
  });
}

function createPages(engine: Engine, publicUrl: string) {
  const { embedOrigins } = engine.config.connect;
  const home = `${publicUrl}/connect`;
  const base = new URL(home).pathname;
  const audit = createAudit(engine);
  const actor = (session: Session) => `user:${createUserHash(engine.config.encryptionKeys[0] ?? "")(session.userId)}`;

  async function show(request: FastifyRequest, reply: FastifyReply) {
    const query = request.query as Record<string, unknown>;
    // The link leaves the address bar, and with it the history, at once.
    if (typeof query.link === "string") {
      return openSession(engine, request, reply, query.link) ? reply.redirect(home, 303) : noSession(reply);
    }
    const session = readSession(engine, request);
    if (session === null) return noSession(reply);
    const { userId, userEmail, returnUrl, providers } = session;
    const framed = request.headers["sec-fetch-dest"] === "iframe";
    const optional = {
      ...(providers && { providers: [...providers] }),
      ...(userEmail && { userEmail }),
      ...(returnUrl && { returnUrl }),
    };
    const content = connectPage({
      ...{ base, returnUrl, formToken: formToken(session) },
      outside: framed ? connectLink(engine, { userId, ...optional }) : null,
      connections: await shownConnections(engine, session),
      providers: offeredProviders(engine, session),
      banner: bannerOf(query, (id) => engine.providers.get(id)?.provider.name ?? null),
    });
    return sendPage(reply, { title: "Connected accounts", content }, embedOrigins);
  }

  async function act(
    request: FastifyRequest,
    reply: FastifyReply,
    action: (session: Session, form: Form, reply: FastifyReply) => Promise<unknown>,
  ) {
    const session = readSession(engine, request);
    if (session === null) return noSession(reply);
    const form = (request.body ?? {}) as Form;
    if (isOwnForm(session, request, form.form_token)) return action(session, form, reply);
    const text = "The form did not come from this page. Please go back and try again.";
    return sendPage(reply, { status: 403, title: "Not allowed", content: message("Not allowed", text) }, embedOrigins);
  }

  /** Not a redirect: `form-action` would be applied to it, and to all that the provider redirects to in turn. */
  async function start(session: Session, form: Form, reply: FastifyReply) {
    const reconnect = typeof form.connection === "string" ? await ownConnection(session, form.connection) : null;
    const provider = reconnect?.provider ?? String(form.provider ?? "");
    if (session.providers !== null && !session.providers.includes(provider)) throw unavailable();
    const { url } = await authorize(engine, {
      ...{ userId: session.userId, provider, binding: session.id },
      ...{ returnUrl: session.returnUrl ?? home, redirectUri: `${home}/callback` },
      ...(reconnect === null ? {} : { connectionId: reconnect.id }),
      ...(session.userEmail === null ? {} : { userEmail: session.userEmail }),
    });
    const name = engine.providers.get(provider)?.provider.name ?? provider;
    const content = html`<div class="card lone"><h1>Going on to ${name}</h1>
<p class="dim">You give your consent there, and come back afterwards.</p><a class="button" href="${url}">Continue to ${name}</a></div>`;
    return sendPage(reply, { title: `Going on to ${name}`, content, goOn: url }, []);
  }

  async function disconnect(session: Session, form: Form, reply: FastifyReply) {
    const { id } = await ownConnection(session, String(form.connection ?? ""));
    const { revoked } = await disconnectAndRevoke(engine, id);
    await audit({ actor: actor(session), action: "connection.disconnected", connectionId: id, detail: { revoked } });
    return reply.redirect(`${home}?status=${outcomeOf[revoked]}`, 303);
  }

  /** Another user's looks like one that is not there. */
  async function ownConnection({ userId, providers }: Session, id: string) {
    const found = await fromEngine(engine).connections.get(id);
    if (found.userId !== userId || !(providers?.includes(found.provider) ?? true)) throw unavailable();
    return found;
  }

  const noSession = (reply: FastifyReply) => {
    const text = "This link was used up or is too old. Please go back to the app and open it again from there.";
    const content = message("This page is no longer open", text);
    return sendPage(reply, { status: 401, title: "Link no longer valid", content }, embedOrigins);
  };

  function failed(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    const status = statusOf(error);
    if (status >= 500) request.log.error({ err: describeError(error) }, "a page could not be shown");
    const [title, text] =
      status >= 500
        ? ["Not available", "Please try again in a moment."]
        : [
            "That did not work",
            error instanceof EvertokenError
              ? "The account is not there, or cannot be connected here."
              : "Please go back and try again.",
          ];
    return sendPage(
      reply,
      { status, title, content: message(title, text, { href: home, label: "Your accounts" }) },
      embedOrigins,
    );
  }

  return { show, act, start, disconnect, failed };
}

const outcomeOf = { yes: "revoked", no: "disconnected_here", not_supported: "disconnected" } as const;

const unavailable = () => new EvertokenError("connection_not_found", "not this session's");

function statusOf(error: unknown): number {
  if (error instanceof EvertokenError) {
    if (error.code === "connection_not_found" || error.code === "unknown_provider") return 404;
    return error.code === "invalid_input" ? 400 : 503;
  }
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === "number" && statusCode >= 400 ? statusCode : 500;
}
