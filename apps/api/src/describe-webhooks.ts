import { type EventName, eventNames } from "@evertoken/core";
import type { Schema } from "./examples.ts";

const text = { type: ["string", "null"] };
const time = { type: ["string", "null"], format: "date-time" };

/** What receivers get, of every event: see webhook-body.ts. */
export const webhookEvent: Schema = {
  type: "object",
  required: ["id", "type", "timestamp", "data"],
  properties: {
    id: { type: "string" },
    type: { type: "string", enum: [...eventNames] },
    timestamp: { type: "string", format: "date-time" },
    data: {
      type: "object",
      required: [
        "connectionId",
        "userId",
        "provider",
        "tags",
        "status",
        "errorCode",
        "message",
        "expiresAt",
        "grantEndsAt",
      ],
      properties: {
        ...{ connectionId: text, userId: text, provider: text, status: text, errorCode: text, message: text },
        tags: { type: "array", items: { type: "string" } },
        ...{ expiresAt: time, grantEndsAt: time },
      },
    },
  },
};

/** The section `webhooks`: one entry for each event, with an example. */
export function describeWebhooks(): object {
  return Object.fromEntries(eventNames.map((name) => [name, { post: describe(name) }]));
}

function describe(name: EventName) {
  const example = {
    ...{ id: "evt_1024", type: name, timestamp: "2026-11-27T12:00:00.000Z" },
    data: {
      ...{ connectionId: "3f1c2a9e-8d4b-4c57-9a61-0b7d5e2f8c14", userId: "user-42", provider: "hubspot" },
      ...{
        tags: ["gold", "region:eu"],
        status: "connected",
        errorCode: null,
        message: null,
        expiresAt: "2026-11-27T12:30:00.000Z",
        grantEndsAt: null,
      },
    },
  };
  const schema = { $ref: "#/components/schemas/WebhookEvent" };
  return {
    ...{ operationId: `on_${name.replaceAll(".", "_")}`, tags: ["Events"], summary: name },
    description: "Signed (webhook-id, webhook-timestamp, webhook-signature); answer with 2xx within ten seconds.",
    requestBody: { required: true, content: { "application/json": { schema, example } } },
    responses: { "2XX": { description: "Taken" } },
  };
}
