import { z } from "zod";
import { reachesProvider, reachesUser } from "../reach.ts";
import { route } from "../route.ts";
import { timeOut, userId, uuid } from "../schemas.ts";
import { toWire } from "../wire.ts";

const health = z.object({
  ...{ provider: z.string(), connection_id: uuid, connected: z.boolean(), healthy: z.boolean() },
  ...{ needs_reconnect: z.boolean(), status: z.string() },
});

export const userRoutes = [
  route({
    ...{ method: "GET", url: "/v1/users/:userId/health", scope: "connections:read", tag: "Connections" },
    about: () => "narrowed",
    summary: "How a user's connections do",
    description: "Healthy: connected, and its access token has not ended. A user who is not known has none.",
    ...{ params: z.object({ userId }), answer: z.object({ data: z.array(health) }) },
    async handle({ params: { userId: user }, rights }, { client }) {
      const found = reachesUser(rights, user) ? await client.health(user) : [];
      return { data: found.filter(({ provider }) => reachesProvider(rights, provider)).map(toWire) };
    },
  }),
  route({
    ...{ method: "DELETE", url: "/v1/users/:userId/connect-sessions", scope: "connections:write", tag: "Connect" },
    audited: "connect.sessions_ended",
    about: ({ params }) => ({ userId: params.userId, providers: undefined }),
    summary: "End a user's sessions on the connect page",
    description:
      "At every process, and at once; links that were made for this user and not opened yet are void as well.",
    ...{ params: z.object({ userId }), answer: z.object({ ended_at: timeOut }) },
    async handle({ params }, { client }) {
      const { endedAt } = await client.connect.endSessions(params.userId);
      return { ended_at: endedAt.toISOString() };
    },
  }),
];
