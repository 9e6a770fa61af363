import { type ApiKeyView, apiScopes, createApiKey, listApiKeys, noLimits, revokeApiKey } from "@evertoken/operations";
import { z } from "zod";
import { route } from "../route.ts";
import { byId, providerId, text, time, timeOut, uuid } from "../schemas.ts";
import { toWire } from "../wire.ts";

const scopes = z.array(z.enum(apiScopes)).min(1).max(apiScopes.length);

const limits = {
  providers: z.array(providerId).min(1).max(200).nullish().describe("Connections of these only. Default: of all"),
  users: z
    .array(text(256))
    .min(1)
    .max(200)
    .nullish()
    .describe("Connections only of users whose id begins with one of these. Default: of all"),
  ends_at: time.nullish().describe("Default: never"),
  read_only: z.boolean().default(false).describe("Nothing is changed with it, whatever its scopes say"),
};

const apiKey = z
  .object({
    ...{ id: uuid, name: z.string(), prefix: z.string(), scopes: z.array(z.string()) },
    providers: z.array(z.string()).nullable().describe("null: of all"),
    users: z.array(z.string()).nullable().describe("Beginnings of user ids; null: of all"),
    ...{ ends_at: timeOut.nullable(), read_only: z.boolean(), created_at: timeOut },
    sealed: z
      .boolean()
      .describe("false: its row was written past Evertoken, or by the version before; it permits nothing"),
    last_used_at: timeOut.nullable().describe("To the minute"),
    revoked_at: timeOut.nullable(),
  })
  .meta({ id: "ApiKey" });

const toApiKey = (view: ApiKeyView) => {
  const [providers, users] = [view.providers, view.users].map((names) => names && [...names]);
  return { ...toWire(view), scopes: [...view.scopes], providers: providers ?? null, users: users ?? null };
};

export const apiKeyRoutes = [
  route({
    ...{ method: "GET", url: "/v1/api-keys", scope: "admin", tag: "API keys" },
    summary: "All keys, newest first",
    answer: z.object({ data: z.array(apiKey) }),
    handle: async (_input, { engine }) => ({ data: (await listApiKeys(engine)).map(toApiKey) }),
  }),
  route({
    ...{ method: "POST", url: "/v1/api-keys", scope: "admin", tag: "API keys", audited: "api_key.created" },
    summary: "Make a key",
    description: "`key` is shown in this answer and never again: only its hash is kept.",
    ...{
      body: z.strictObject({ name: text(128), scopes, ...limits }),
      status: 201,
      answer: apiKey.extend({ key: z.string() }),
    },
    async handle({ body, tell }, { engine }) {
      const { ends_at: endsAt, read_only: readOnly, providers, users, ...named } = body;
      const { key, view } = await createApiKey(engine, {
        ...{ ...noLimits, ...named, readOnly, providers: providers ?? null, users: users ?? null },
        endsAt: endsAt == null ? null : new Date(endsAt),
      });
      tell({ detail: { key: view.id, scopes: view.scopes.join(" ") } });
      return { ...toApiKey(view), key };
    },
  }),
  route({
    ...{ method: "DELETE", url: "/v1/api-keys/:id", scope: "admin", tag: "API keys", audited: "api_key.revoked" },
    summary: "Revoke a key, for good",
    description: "Every replica knows it within a second.",
    ...{ params: byId, answer: apiKey },
    async handle({ params, tell }, { engine, authenticate }) {
      tell({ detail: { key: params.id } });
      const view = await revokeApiKey(engine, params.id);
      authenticate.forget();
      return toApiKey(view);
    },
  }),
];
