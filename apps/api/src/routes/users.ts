import { z } from "zod";
import { route } from "../route.ts";
import { userId, uuid } from "../schemas.ts";
import { toWire } from "../wire.ts";

const health = z.object({
  ...{ provider: z.string(), connection_id: uuid, connected: z.boolean(), healthy: z.boolean() },
  ...{ needs_reconnect: z.boolean(), status: z.string() },
});

export const userRoutes = [
  route({
    ...{ method: "GET", url: "/v1/users/:userId/health", scope: "connections:read", tag: "Connections" },
    summary: "How a user's connections do",
    description: "Healthy: connected, and its access token has not ended. A user who is not known has none.",
    ...{ params: z.object({ userId }), answer: z.object({ data: z.array(health) }) },
    handle: async ({ params }, { client }) => ({ data: (await client.health(params.userId)).map(toWire) }),
  }),
];
