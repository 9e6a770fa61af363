import { type AccessToken, type Actor, audited, type Target } from "@evertoken/engine/internal";
import { z } from "zod";
import { orReconnectLink } from "../reconnect-link.ts";
import { type ApiContext, route } from "../route.ts";
import { byId, providerId, text, timeOut, userId, uuid, warning } from "../schemas.ts";

const token = z
  .object({
    access_token: z.string(),
    token_type: z.string(),
    expires_at: timeOut.nullable().describe("null: it never expires"),
    expires_in: z.number().int().nullable().describe("Seconds from now"),
    refresh_at: timeOut.nullable().describe("When it is due to be refreshed: whoever keeps it keeps it no longer"),
    refresh_in: z.number().int().nullable().describe("The same in seconds from now; 0: do not keep it"),
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
  scopes: text(4096).optional().describe("Separated by spaces: what must have been granted, else `insufficient_scope`"),
  refused_generation: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .optional()
    .describe(
      "Of the token that the provider's API refused (401): a later one is wanted. Where none is to be had, the answer is the same token",
    ),
});

async function read(
  context: ApiContext,
  who: Actor,
  target: Target,
  { min_ttl: minTtlSeconds, scopes, refused_generation: refusedGeneration }: z.output<typeof query>,
): Promise<z.output<typeof token>> {
  const options = {
    ...(minTtlSeconds === undefined ? {} : { minTtlSeconds }),
    ...(scopes === undefined ? {} : { scopes: scopes.split(" ").filter((scope) => scope !== "") }),
    ...(refusedGeneration === undefined ? {} : { refusedGeneration }),
  };
  const client = audited(context.client, context.engine.audit, who);
  const found = await orReconnectLink(context, who, target, () => client.getAccessToken(target, options));
  return toToken(found);
}

function toToken(found: AccessToken): z.output<typeof token> {
  const { expiresAt, refreshAt } = found;
  return {
    access_token: found.accessToken,
    token_type: found.tokenType,
    expires_at: expiresAt?.toISOString() ?? null,
    expires_in: secondsUntil(expiresAt),
    refresh_at: refreshAt?.toISOString() ?? null,
    refresh_in: secondsUntil(refreshAt),
    scopes: [...found.scopes],
    connection_id: found.connectionId,
    generation: found.generation,
    ...(found.warning === null ? {} : { warning: { ...found.warning } }),
  };
}

const secondsUntil = (at: Date | null) =>
  at === null ? null : Math.max(0, Math.floor((at.getTime() - Date.now()) / 1000));

const description = `The stored token, or a fresh one when that has ended. Where only the user can help, the problem document has
\`reconnect_url\`.`;

export const tokenRoutes = [
  route({
    ...{ method: "GET", url: "/v1/connections/:id/token", scope: "tokens:read", tag: "Tokens" },
    about: ({ params }) => ({ connectionId: params.id }),
    summary: "A valid access token of a connection",
    ...{ description, params: byId, query, answer: token },
    handle: ({ params, query, who }, context) => read(context, who, params.id, query),
  }),
  route({
    ...{ method: "GET", url: "/v1/users/:userId/providers/:provider/token", scope: "tokens:read", tag: "Tokens" },
    about: ({ params }) => ({ userId: params.userId, providers: [params.provider] }),
    summary: "A valid access token of a user at a provider",
    description: `${description} Of several accounts, a working one that was connected last is meant.`,
    ...{ params: z.object({ userId, provider: providerId }), query, answer: token },
    handle: ({ params, query, who }, context) => read(context, who, params, query),
  }),
];
