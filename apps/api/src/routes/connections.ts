import { mostTags } from "@evertoken/core";
import { type ConnectionView, disconnectAndRevoke, listConnections, withStore } from "@evertoken/engine/internal";
import { z } from "zod";
import { wrongField } from "../problem.ts";
import { route } from "../route.ts";
import { byId, page, pageOf, providerId, tag, tags, time, timeOut, toPage, userId, uuid } from "../schemas.ts";
import { snake, toWire } from "../wire.ts";
import { importBody, toImport } from "./import-body.ts";

const status = z.enum(["connected", "token_expired", "needs_reauth", "error", "disconnected"]);

export const connection = z
  .object({
    ...{
      id: uuid,
      user_id: z.string(),
      provider: z.string(),
      registration: z.string(),
      external_account_id: z.string(),
    },
    ...{ display_name: z.string().nullable(), parent_id: uuid.nullable(), auth_type: z.string(), status },
    scopes: z.array(z.string()),
    tags: z.array(z.string()).describe("Your own words for it, sorted"),
    missing_scopes: z
      .array(z.string())
      .describe("Needed by the provider's file and not granted: reconnecting may help"),
    ...{ expires_at: timeOut.nullable(), refresh_token_expires_at: timeOut.nullable() },
    grant_ends_at: timeOut
      .nullable()
      .describe("The end of the user's consent that no refresh can move, where one is known"),
    generation: z.number().int().describe("+1 with every new token"),
    ...{ next_refresh_at: timeOut.nullable(), not_before: timeOut.nullable(), last_refresh_at: timeOut.nullable() },
    ...{ failing_since: timeOut.nullable(), consecutive_failures: z.number().int() },
    ...{ last_error_code: z.string().nullable(), last_error_message: z.string().nullable() },
    ...{ last_sync_at: timeOut.nullable(), last_sync_status: z.string().nullable() },
    ...{ last_sync_message: z.string().nullable(), connected_at: timeOut, updated_at: timeOut },
  })
  .meta({ id: "Connection" });

const toConnection = (view: ConnectionView) => toWire(view) as z.output<typeof connection>;

const imported = z.object({
  ...{ id: uuid, generation: z.number().int() },
  reconnected: z.boolean().describe("The account was known: same id, next generation"),
  next_refresh_at: timeOut.nullable(),
  scheduled: z.boolean().describe("false: the queue is away; the job is added when it is back"),
  skipped: z
    .enum(["same_tokens", "not_newer"])
    .nullable()
    .describe("Nothing was stored (200): the account is known, and holds these tokens or maybe newer ones"),
  warnings: z.array(z.string()).describe("What was pasted along with a token and taken off it, by field"),
});

const disconnectReport = z.object({
  disconnected: z.boolean().describe("false: it was already"),
  revoked: z
    .enum(["yes", "no", "later", "not_supported"])
    .describe("later: the provider did not answer and is asked again; no: it refuses"),
});

const change = z
  .strictObject({
    tags: tags.optional().describe("All that it has from now on"),
    add_tags: tags.optional(),
    remove_tags: tags.optional(),
  })
  .meta({ id: "ConnectionChange" });

const filter = z.object({
  ...{ user_id: userId.optional(), provider: providerId.optional(), status: status.optional() },
  tag: tag.optional(),
  expires_before: time.optional(),
  ...{ limit: page.limit, cursor: uuid.optional() },
});

export const connectionRoutes = [
  route({
    ...{ method: "GET", url: "/v1/connections", scope: "connections:read", tag: "Connections" },
    about: () => "narrowed",
    summary: "Connections, in pages",
    ...{ query: filter, answer: pageOf(connection) },
    async handle({ query, rights }, { engine }) {
      const { user_id: userId, provider, status, tag, expires_before: before, limit, cursor } = query;
      const filter = {
        ...{ limit, ...(userId === undefined ? {} : { userId }), ...(provider === undefined ? {} : { provider }) },
        ...(status === undefined ? {} : { status }),
        ...(tag === undefined ? {} : { tag }),
        ...(before === undefined ? {} : { expiresBefore: new Date(before) }),
        ...(cursor === undefined ? {} : { after: cursor }),
      };
      const found = await listConnections(engine, filter, rights);
      return toPage(found.map(toConnection), limit);
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/connections", scope: "connections:write", tag: "Connections" },
    audited: "connection.imported",
    about: ({ body }) => ({ userId: body.user_id, providers: [body.provider] }),
    summary: "Import a token set from elsewhere",
    description:
      "Stored encrypted and refreshed from now on. An account that is known keeps its id; it keeps its tokens, too, unless these are certainly newer, or the user has to reconnect.",
    ...{ body: importBody, status: 201, otherStatus: 200, answer: imported },
    async handle({ body, tell, reply }, { client, engine }) {
      tell({ detail: { provider: body.provider } });
      if ((await withStore(() => engine.providers.known(body.provider))) === undefined) {
        throw wrongField("provider", "there is no such provider: GET /v1/providers lists them", "unknown_provider");
      }
      const { nextRefreshAt, warnings, ...stored } = await client.connections.import(toImport(body));
      const answer = {
        ...{ ...stored, next_refresh_at: nextRefreshAt?.toISOString() ?? null },
        warnings: warnings.map((text) => text.replace(/^\w+/, snake)),
      };
      const { id: connectionId, reconnected, skipped } = stored;
      tell({ connectionId, detail: { provider: body.provider, reconnected, ...(skipped !== null && { skipped }) } });
      if (skipped !== null) reply.code(200);
      return answer;
    },
  }),
  route({
    ...{ method: "GET", url: "/v1/connections/:id", scope: "connections:read", tag: "Connections" },
    about: ({ params }) => ({ connectionId: params.id }),
    summary: "One connection",
    ...{ params: byId, answer: connection },
    handle: async ({ params }, { client }) => toConnection(await client.connections.get(params.id)),
  }),
  route({
    ...{ method: "PATCH", url: "/v1/connections/:id", scope: "connections:write", tag: "Connections" },
    audited: "connection.tagged",
    about: ({ params }) => ({ connectionId: params.id }),
    summary: "Change the tags of a connection",
    description: `What is left out stays. \`add_tags\` and \`remove_tags\` go well with others who change it at the same time; a connection has
up to ${mostTags} tags.`,
    ...{ params: byId, body: change, answer: connection },
    async handle({ params, body, tell }, { client }) {
      tell({ connectionId: params.id });
      const { tags, add_tags: addTags, remove_tags: removeTags } = body;
      const changed = await client.connections.update(params.id, { tags, addTags, removeTags });
      tell({ detail: { tags: changed.tags.join(" ") } });
      return toConnection(changed);
    },
  }),
  route({
    ...{ method: "GET", url: "/v1/users/:userId/providers/:provider/connection", scope: "connections:read" },
    about: ({ params }) => ({ userId: params.userId, providers: [params.provider] }),
    tag: "Connections",
    summary: "The connection of a user at a provider",
    description: "Of several accounts, a working one that was connected last is meant.",
    ...{ params: z.object({ userId, provider: providerId }), answer: connection },
    handle: async ({ params }, { client }) => toConnection(await client.connections.get(params)),
  }),
  route({
    ...{ method: "DELETE", url: "/v1/connections/:id", scope: "connections:write", tag: "Connections" },
    audited: "connection.disconnected",
    about: ({ params }) => ({ connectionId: params.id }),
    summary: "Disconnect an account",
    description: "Its tokens are erased here and revoked at the provider, its job is removed; the history stays.",
    ...{ params: byId, answer: disconnectReport },
    async handle({ params, tell }, { engine }) {
      tell({ connectionId: params.id });
      const { disconnected, revoked } = await disconnectAndRevoke(engine, params.id);
      tell({ detail: { disconnected, revoked } });
      return { disconnected, revoked };
    },
  }),
];
