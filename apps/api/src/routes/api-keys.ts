import { type ApiKeyView, apiScopes, createApiKey, listApiKeys, revokeApiKey } from "@evertoken/operations";
import { z } from "zod";
import { route } from "../route.ts";
import { byId, text, timeOut, uuid } from "../schemas.ts";
import { toWire } from "../wire.ts";

const scopes = z.array(z.enum(apiScopes)).min(1).max(apiScopes.length);

const apiKey = z
  .object({
    ...{ id: uuid, name: z.string(), prefix: z.string(), scopes: z.array(z.string()), created_at: timeOut },
    last_used_at: timeOut.nullable().describe("To the minute"),
    revoked_at: timeOut.nullable(),
  })
  .meta({ id: "ApiKey" });

const toApiKey = (view: ApiKeyView) => ({ ...toWire(view), scopes: [...view.scopes] });

export const apiKeyRoutes = [
  route({
    ...{ method: "GET", url: "/v1/api-keys", scope: "admin", tag: "API keys" },
    summary: "All keys, newest first",
    answer: z.object({ data: z.array(apiKey) }),
    handle: async (_input, { engine }) => ({ data: (await listApiKeys(engine)).map(toApiKey) }),
  }),
  route({
    ...{ method: "POST", url: "/v1/api-keys", scope: "admin", tag: "API keys" },
    summary: "Make a key",
    description: "`key` is shown in this answer and never again: only its hash is kept.",
    ...{ body: z.strictObject({ name: text(128), scopes }), status: 201, answer: apiKey.extend({ key: z.string() }) },
    async handle({ body, actor }, { engine, audit }) {
      const { key, view } = await createApiKey(engine, body);
      await audit({ actor, action: "api_key.created", detail: { key: view.id, scopes: view.scopes.join(" ") } });
      return { ...toApiKey(view), key };
    },
  }),
  route({
    ...{ method: "DELETE", url: "/v1/api-keys/:id", scope: "admin", tag: "API keys" },
    summary: "Revoke a key, for good",
    description: "Every replica knows it within a second.",
    ...{ params: byId, answer: apiKey },
    async handle({ params, actor }, { engine, audit, authenticate }) {
      const view = await revokeApiKey(engine, params.id);
      authenticate.forget();
      await audit({ actor, action: "api_key.revoked", detail: { key: view.id } });
      return toApiKey(view);
    },
  }),
];
