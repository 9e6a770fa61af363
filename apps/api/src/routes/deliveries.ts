import { nudgeDelivery, withQueue, withStore } from "@evertoken/engine/internal";
import { listDeliveries, replayDelivery } from "@evertoken/operations";
import { z } from "zod";
import { Problem } from "../problem.ts";
import { route } from "../route.ts";
import { byId, digits, page, pageOf, timeOut, toPage, uuid } from "../schemas.ts";
import { toWire } from "../wire.ts";

const status = z.enum(["pending", "delivered", "failed"]);

const delivery = z
  .object({
    ...{ id: z.string(), endpoint_id: uuid, event_id: z.string(), event: z.string(), provider: z.string() },
    ...{ connection_id: uuid.nullable(), status, attempts: z.number().int() },
    ...{ http_status: z.number().int().nullable(), error: z.string().nullable() },
    ...{ next_attempt_at: timeOut.nullable(), delivered_at: timeOut.nullable(), attempted_at: timeOut.nullable() },
    answer_ms: z.number().int().nullable().describe("How long the answer to the last attempt took"),
    ...{ created_at: timeOut },
  })
  .meta({ id: "WebhookDelivery" });

export const deliveryRoutes = [
  route({
    ...{ method: "GET", url: "/v1/webhooks/:id/deliveries", scope: "admin", tag: "Webhooks" },
    summary: "What was sent to an endpoint, newest first",
    ...{ params: byId, query: z.object({ ...page, status: status.optional() }), answer: pageOf(delivery) },
    async handle({ params, query: { limit, cursor, status } }, { engine }) {
      const found = await withStore(() =>
        listDeliveries(engine.pool, {
          ...{ endpointId: params.id.toLowerCase(), limit, ...(status === undefined ? {} : { status }) },
          ...(cursor === undefined ? {} : { before: cursor }),
        }),
      );
      return toPage(found.map(toWire), limit);
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/webhooks/deliveries/:delivery/replay", scope: "admin", tag: "Webhooks" },
    audited: "webhook.replayed",
    summary: "Deliver once more",
    description: "With the same event id, so that the receiver can tell that it has it.",
    params: z.object({ delivery: digits }),
    ...{ status: 202, answer: z.object({ id: z.string(), status }) },
    async handle({ params, tell }, { engine }) {
      const id = params.delivery;
      tell({ detail: { delivery: id } });
      if (!(await withStore(() => replayDelivery(engine.pool, id)))) {
        throw new Problem("not_found", { detail: "there is no such delivery, or its event is no longer kept" });
      }
      await withQueue(() => nudgeDelivery(engine.queues));
      return { id, status: "pending" as const };
    },
  }),
];
