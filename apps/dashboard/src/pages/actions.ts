import { isSameSecret } from "@evertoken/adapters";
import {
  disconnectAndRevoke,
  type Engine,
  EvertokenError,
  makeConnectLink,
  reconnectUrl,
  requestSync,
} from "@evertoken/engine/internal";
import type { Session } from "@evertoken/operations";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { BannerCode } from "./banners.ts";
import type { PageContext } from "./context.ts";
import { notUnderstood, PageFault } from "./fault.ts";
import { linkPage } from "./link-page.ts";
import { sendPage } from "./page.ts";

type Form = Readonly<Record<string, unknown>>;

/** Does something with a connection, once it is sure that a page of this session asked for it. @returns what to tell */
type Action = (context: PageContext, id: string, form: Form) => Promise<{ told: BannerCode; detail: AuditDetail }>;
type AuditDetail = Readonly<Record<string, string | boolean>>;

export const actionsByName: Readonly<Record<string, { readonly audited: string; readonly run: Action }>> = {
  refresh: {
    audited: "connection.scheduled",
    async run({ client }, id, { force }) {
      const { dueAt } = await client.scheduleNow(id, { force: force === "yes" });
      const told = dueAt.getTime() > Date.now() + 1000 ? "waiting" : "refreshing";
      return { told, detail: { when: "now", force: force === "yes" } };
    },
  },
  schedule: {
    audited: "connection.scheduled",
    async run({ client }, id) {
      const placed = await client.scheduleNextRefresh(id);
      return { told: placed === null ? "no_refresh" : "scheduled", detail: { when: "next" } };
    },
  },
  sync: {
    audited: "sync.requested",
    async run({ engine }, id) {
      await requestSync(engine, id, { reason: "manual" });
      return { told: "syncing", detail: {} };
    },
  },
  tags: {
    audited: "connection.tagged",
    async run({ client }, id, { tags, was }) {
      const [before, wanted] = [wordsIn(was), wordsIn(tags)];
      // What others have changed since the page was made stays.
      const addTags = wanted.filter((tag) => !before.includes(tag));
      const removeTags = before.filter((tag) => !wanted.includes(tag));
      const changed = await client.connections.update(id, { addTags, removeTags }).catch(explained);
      return { told: "tagged", detail: { tags: changed.tags.join(" ") } };
    },
  },
  disconnect: {
    audited: "connection.disconnected",
    async run({ engine }, id, { sure }) {
      if (sure !== "yes") throw notUnderstood("Disconnecting has to be confirmed: tick the box beside the button.");
      const { revoked } = await disconnectAndRevoke(engine, id);
      const told = ({ yes: "revoked", later: "revoking", no: "erased", not_supported: "disconnected" } as const)[
        revoked
      ];
      return { told, detail: { revoked } };
    },
  },
};

const wordsIn = (text: unknown): string[] =>
  [...new Set(String(text ?? "").split(/[\s,]+/))].filter((word) => word !== "");

/** A form tells what was wrong with it. */
function explained(error: unknown): never {
  if (error instanceof EvertokenError && error.code === "invalid_input") throw notUnderstood(`Tags: ${error.message}.`);
  throw error;
}

export async function act(context: PageContext, name: string, request: FastifyRequest, reply: FastifyReply) {
  const { id, form, user } = read(request);
  const action = actionsByName[name];
  if (action === undefined) throw new TypeError(`there is no action ${name}`);
  await context.client.connections.get(id);
  const { told, detail } = await action.run(context, id, form);
  await context.engine.audit.record({
    actor: `person:${user}`,
    address: request.ip,
    action: action.audited,
    connectionId: id,
    detail,
  });
  return reply.redirect(`/connections/${id}?done=${told}`, 303);
}

const linkSeconds = 86_400;

/** The app's own page where there is one, else our connect page. Shown in the answer itself: an address would stay in histories. */
export async function showReconnectLink(context: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const { id, user } = read(request);
  const { engine, client } = context;
  const connection = await client.connections.get(id);
  requireLinks(engine);
  const { url, until } = await reconnectLinkOf(engine, connection);
  await engine.audit.record({
    actor: `person:${user}`,
    address: request.ip,
    action: "connect.link_made",
    connectionId: id,
  });
  const content = linkPage({ connection, url, hours: until === null ? null : linkSeconds / 3600 });
  return sendPage(reply, { title: "Reconnect link", content, section: "connections", session: sessionOf(request) });
}

/** @throws {PageFault} 409 */
export function requireLinks({ config }: Engine): void {
  if (config.connect.publicUrl !== null || config.reconnectUrl !== null) return;
  throw new PageFault(
    409,
    "No page to lead to",
    "Set PUBLIC_URL (our connect page) or RECONNECT_URL (a page of your app).",
  );
}

/** Where a user connects again. `until` null: the app's own page, which has no end. */
export async function reconnectLinkOf(
  engine: Engine,
  { id, userId, provider }: { id: string; userId: string; provider: string },
): Promise<{ url: string; until: Date | null }> {
  const own = reconnectUrl(engine.config, { id, provider, user_id: userId });
  if (own !== null) return { url: own, until: null };
  const until = new Date(Date.now() + linkSeconds * 1000);
  return { url: await makeConnectLink(engine, { userId, providers: [provider], ttlSeconds: linkSeconds }, id), until };
}

function read(request: FastifyRequest) {
  const { id } = request.params as { id: string };
  const { form, session } = readForm(request);
  return { id, form, user: session.name };
}

/** What a form of a page of this session holds. @throws {PageFault} it came from elsewhere */
export function readForm(request: FastifyRequest) {
  const form = (request.body ?? {}) as Form;
  const session = sessionOf(request);
  if (!isSameSecret(session.formToken, form.form_token)) {
    throw new PageFault(
      403,
      "Not from this page",
      "The form did not come from a page of this session, so nothing was done. Go back, reload and try again.",
    );
  }
  return { form, session };
}

/** What forms of this session need; null: it only looks. */
export const actorToken = ({ role, formToken }: Session): string | null => (role === "operator" ? formToken : null);

/** The guard lets nobody come here without one. */
export function sessionOf({ session }: FastifyRequest) {
  if (session === undefined) throw new EvertokenError("invalid_input", "there is no session");
  return session;
}
