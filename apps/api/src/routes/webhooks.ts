import { eventNames } from "@evertoken/core";
import { type Told, withStore } from "@evertoken/engine/internal";
import {
  type EndpointView,
  endpointDepsOf,
  listEndpoints,
  openKinds,
  removeEndpoint,
  saveEndpoint,
  testEndpoint,
} from "@evertoken/operations";
import { z } from "zod";
import { Problem, wrongField } from "../problem.ts";
import { type ApiContext, route } from "../route.ts";
import { byId, tags, text, timeOut, uuid } from "../schemas.ts";
import { toWire } from "../wire.ts";

const kind = z.enum(openKinds);
const events = z.array(z.enum(eventNames)).max(eventNames.length);

const limitedTo = "Only events of connections that have one of these. None: all events, also those of no connection";

const endpoint = z
  .object({
    ...{ id: uuid, kind: z.string(), events: z.array(z.string()), tags: z.array(z.string()), enabled: z.boolean() },
    target: z.string().nullable().describe("Of channels whose addresses are secrets, such as Slack, the host only"),
    failing_since: timeOut.nullable(),
    old_secret_until: timeOut.nullable().describe("Until then the signing secret of before signs as well"),
    from_settings: z.boolean().describe("It comes from the settings and cannot be changed here"),
    created_at: timeOut,
  })
  .meta({ id: "WebhookEndpoint" });

const saved = endpoint.extend({
  secret: z.string().nullable().describe("Told once, when it was made anew: whsec_..."),
});

const create = z.strictObject({
  kind: kind.default("webhook"),
  target: text(2048).describe("https URL, or a mail address"),
  events: events.optional().describe("None: what that kind needs"),
  tags: tags.optional().describe(limitedTo),
  enabled: z.boolean().optional(),
});

const change = z.strictObject({
  ...{ target: text(2048).optional(), events: events.optional(), enabled: z.boolean().optional() },
  tags: tags.optional().describe(limitedTo),
  rotate_secret: z.boolean().optional(),
  overlap: z
    .number()
    .int()
    .min(0)
    .max(30 * 86_400)
    .optional()
    .describe("With `rotate_secret`: for so many seconds the old secret signs as well. Default: a day; 0: not at all"),
});

const toEndpoint = (view: EndpointView) => ({ ...toWire(view), events: [...view.events], tags: [...view.tags] });
const noSuch = () => new Problem("not_found", { detail: "there is no such webhook endpoint" });

async function save(
  { engine }: ApiContext,
  tell: (more: Omit<Told, "action">) => void,
  input: Parameters<typeof saveEndpoint>[1],
): Promise<z.output<typeof saved>> {
  await withStore(engine.checkKeys);
  const result = await withStore(() => saveEndpoint(endpointDepsOf(engine), input));
  switch (result.kind) {
    case "saved": {
      tell({ detail: { endpoint: result.endpoint.id } });
      return { ...toEndpoint(result.endpoint), secret: result.secret };
    }
    case "not_found":
      throw noSuch();
    case "refused": {
      const errors = result.faults.map((fault) => {
        const [field = "body", ...reason] = fault.split(": ");
        return { field, reason: reason.join(": ") };
      });
      throw new Problem("invalid_request", { detail: result.faults.join("; "), errors });
    }
    default:
      return result satisfies never;
  }
}

/** What was left out stays out: a setting that is there and undefined is something else. */
function given<T extends object>(input: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as never;
}

export const webhookRoutes = [
  route({
    ...{ method: "GET", url: "/v1/webhooks", scope: "admin", tag: "Webhooks" },
    summary: "Where events are sent to",
    answer: z.object({ data: z.array(endpoint) }),
    async handle(_input, { engine }) {
      const found = await withStore(() => listEndpoints(endpointDepsOf(engine)));
      return { data: found.map(toEndpoint) };
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/webhooks", scope: "admin", tag: "Webhooks", audited: "webhook.saved" },
    summary: "Add an endpoint",
    description: "Signed as Standard Webhooks has it; `secret` is told in this answer and never again.",
    ...{ body: create, status: 201, answer: saved },
    handle: ({ body, tell }, context) => save(context, tell, given(body)),
  }),
  route({
    ...{ method: "GET", url: "/v1/webhooks/:id", scope: "admin", tag: "Webhooks" },
    summary: "One endpoint",
    ...{ params: byId, answer: endpoint },
    async handle({ params }, { engine }) {
      const found = await withStore(() => listEndpoints(endpointDepsOf(engine)));
      const one = found.find(({ id }) => id === params.id.toLowerCase());
      if (one === undefined) throw noSuch();
      return toEndpoint(one);
    },
  }),
  route({
    ...{ method: "PATCH", url: "/v1/webhooks/:id", scope: "admin", tag: "Webhooks", audited: "webhook.saved" },
    summary: "Change an endpoint",
    description:
      "With `rotate_secret`, or with a target at another origin, it gets a new signing secret, told in this answer. Where it stays, the old one signs beside it for a day (`overlap`).",
    ...{ params: byId, body: change, answer: saved },
    handle: ({ params, body: { rotate_secret: rotateSecret, overlap, ...rest }, tell }, context) => {
      if (overlap !== undefined && rotateSecret !== true)
        throw wrongField("overlap", "goes with rotate_secret, which makes the new secret");
      return save(context, tell, {
        ...given({ ...rest, rotateSecret, overlapSeconds: overlap }),
        id: params.id.toLowerCase(),
      });
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/webhooks/:id/test", scope: "admin", tag: "Webhooks", audited: "webhook.tested" },
    summary: "Send a test event now",
    description:
      "One signed request of the type `webhook.test`, sent at once. An endpoint that takes it counts as working again, and what waits for it is sent.",
    params: byId,
    answer: z.object({
      ...{ delivered: z.boolean(), http_status: z.number().int().nullable(), error: z.string().nullable() },
      answer_ms: z.number().int(),
    }),
    async handle({ params, tell }, { engine }) {
      const id = params.id.toLowerCase();
      tell({ detail: { endpoint: id } });
      const tested = await testEndpoint(engine, id);
      if (tested === null)
        throw new Problem("not_found", { detail: "there is no such endpoint, it is switched off, or it mails users" });
      return toWire(tested);
    },
  }),
  route({
    ...{ method: "DELETE", url: "/v1/webhooks/:id", scope: "admin", tag: "Webhooks", audited: "webhook.removed" },
    summary: "Remove an endpoint and its deliveries",
    ...{ params: byId, status: 204 },
    async handle({ params, tell }, { engine }) {
      const id = params.id.toLowerCase();
      tell({ detail: { endpoint: id } });
      if (!(await withStore(() => removeEndpoint(endpointDepsOf(engine), id)))) throw noSuch();
      return undefined;
    },
  }),
];
