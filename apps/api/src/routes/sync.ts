import { requestSync } from "@evertoken/engine/internal";
import { z } from "zod";
import { route } from "../route.ts";
import { byId, uuid } from "../schemas.ts";

export const syncRoutes = [
  route({
    ...{ method: "POST", url: "/v1/connections/:id/sync", scope: "connections:write", tag: "Sync" },
    audited: "sync.requested",
    about: ({ params }) => ({ connectionId: params.id }),
    summary: "Sync a connection with a fresh token",
    description: `Runs as a job: with the app's own handler where its sync worker has one, else it fetches the account's name. How it ended
stands in \`last_sync_status\` and \`last_sync_message\` of the connection.`,
    params: byId,
    ...{ status: 202, answer: z.object({ connection_id: uuid, sync_status: z.literal("pending"), queue: z.string() }) },
    async handle({ params: { id }, tell }, { engine }) {
      tell({ connectionId: id });
      const { queue } = await requestSync(engine, id, { reason: "manual" });
      return { connection_id: id, sync_status: "pending" as const, queue };
    },
  }),
];
