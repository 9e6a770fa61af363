import type { AccessToken, Target } from "@evertoken/engine/internal";
import { z } from "zod";
import { orReconnectLink } from "../reconnect-link.ts";
import { type ApiContext, route } from "../route.ts";
import { byId, providerId, timeOut, userId, uuid, warning } from "../schemas.ts";

const token = z
  .object({
    access_token: z.string(),
    token_type: z.string(),
    expires_at: timeOut.nullable().describe("null: it never expires"),
    expires_in: z.number().int().nullable().describe("Seconds from now"),
    scopes: z.array(z.string()),
    connection_id: uuid,
    generation: z.number().int(),
    warning: warning.optional().describe("The token still works, but its refresh did not"),
  })
  .meta({ id: "AccessToken" });

const query = z.object({
  min_ttl: z.coerce
    .number()
    .int()
    .min(0)
    .max(86_400)
    .optional()
    .describe("How long the token must live at least, in seconds. Default 30"),
});

async function read(
  context: ApiContext,
  actor: string,
  target: Target,
  minTtlSeconds: number | undefined,
): Promise<z.output<typeof token>> {
  const options = minTtlSeconds === undefined ? {} : { minTtlSeconds };
  const found = await orReconnectLink(context, target, () => context.client.getAccessToken(target, options));
  await context.auditRead(actor, found);
  return toToken(found);
}

function toToken(found: AccessToken): z.output<typeof token> {
  const { expiresAt } = found;
  return {
    access_token: found.accessToken,
    token_type: found.tokenType ?? "Bearer",
    expires_at: expiresAt?.toISOString() ?? null,
    expires_in: expiresAt === null ? null : Math.max(0, Math.floor((expiresAt.getTime() - Date.now()) / 1000)),
    scopes: [...found.scopes],
    connection_id: found.connectionId,
    generation: found.generation,
    ...(found.warning === null ? {} : { warning: { ...found.warning } }),
  };
}

const description = `The stored token, or a fresh one when that has ended. Where only the user can help, the problem document has
\`reconnect_url\`.`;

export const tokenRoutes = [
  route({
    ...{ method: "GET", url: "/v1/connections/:id/token", scope: "tokens:read", tag: "Tokens" },
    summary: "A valid access token of a connection",
    ...{ description, params: byId, query, answer: token },
    handle: ({ params, query, actor }, context) => read(context, actor, params.id, query.min_ttl),
  }),
  route({
    ...{ method: "GET", url: "/v1/users/:userId/providers/:provider/token", scope: "tokens:read", tag: "Tokens" },
    summary: "A valid access token of a user at a provider",
    description: `${description} Of several accounts, a working one that was connected last is meant.`,
    ...{ params: z.object({ userId, provider: providerId }), query, answer: token },
    handle: ({ params, query, actor }, context) => read(context, actor, params, query.min_ttl),
  }),
];
