import { EvertokenError, refreshLog } from "@evertoken/engine/internal";
import { z } from "zod";
import { orReconnectLink } from "../reconnect-link.ts";
import { route } from "../route.ts";
import { byId, page, pageOf, timeOut, toPage, uuid, warning } from "../schemas.ts";
import { toWire } from "../wire.ts";

const options = z.strictObject({
  force: z.boolean().default(false).describe("Even while the provider asked us to wait"),
});

const seen = z
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1)
  .optional()
  .describe("Of the token that the provider's API refused: nothing is refreshed when a newer one is there");

const refreshed = z.object({
  ...{ connection_id: uuid, generation: z.number().int(), expires_at: timeOut.nullable() },
  warning: warning.nullable().describe("The refresh failed; the old token still works"),
});

const scheduled = z.object({
  ...{ connection_id: uuid, generation: z.number().int().nullable(), job_id: z.string().nullable() },
  due_at: timeOut.nullable().describe("null: it needs no refresh. Later than now: the provider asked us to wait"),
});

const attempt = z
  .object({
    ...{ id: z.string(), trigger: z.string(), success: z.boolean(), outcome: z.string() },
    ...{ error_code: z.string().nullable(), message: z.string().nullable(), http_status: z.number().int().nullable() },
    ...{ duration_ms: z.number().int(), old_expires_at: timeOut.nullable(), new_expires_at: timeOut.nullable() },
    ...{ generation: z.number().int(), created_at: timeOut },
  })
  .meta({ id: "RefreshAttempt" });

const job = z.object({ id: z.string(), state: z.string(), due_at: timeOut.nullable() });

const tokenStatus = z.object({
  ...{ connection_id: uuid, provider: z.string(), status: z.string() },
  token: z.enum(["valid", "expiring_soon", "expired", "no_expiry_set"]),
  ...{ expires_at: timeOut.nullable(), expires_in: z.number().int().nullable(), next_refresh_at: timeOut.nullable() },
  ...{ last_refresh_at: timeOut.nullable(), error_code: z.string().nullable() },
  job: job.nullable(),
  queue: z.enum(["ok", "unavailable"]).describe("unavailable: whether there is a job cannot be told"),
});

type Job = { id: string; state: string; dueAt: Date | null };
const toJob = ({ id, state, dueAt }: Job) => ({ id, state, due_at: dueAt?.toISOString() ?? null });

export const jobRoutes = [
  route({
    ...{ method: "POST", url: "/v1/connections/:id/refresh", scope: "connections:write", tag: "Refresh" },
    audited: "connection.refreshed",
    about: ({ params }) => ({ connectionId: params.id }),
    summary: "Refresh now, and wait",
    description: `For a 401 of the provider's API: pass the \`generation\` of the token that was refused, then read the token again. Many
callers with the same stale token cause one refresh.`,
    ...{ params: byId, body: options.extend({ generation: seen }).optional(), answer: refreshed },
    async handle({ params, body, who, tell }, context) {
      const { client } = context;
      const { force = false, generation: seen } = body ?? {};
      tell({ connectionId: params.id, detail: { force } });
      const order = { force, ...(seen === undefined ? {} : { generation: seen }) };
      const token = await orReconnectLink(context, who, params.id, () => client.refresh(params.id, order));
      const { connectionId, generation, expiresAt, warning } = token;
      // The library serves such a key all the same; who asks for a refresh has to know that there is none.
      if (warning?.code === "not_refreshable") throw new EvertokenError("not_refreshable", warning.message);
      tell({ detail: { force, generation, ...(warning !== null && { failed: warning.code }) } });
      return { connection_id: connectionId, generation, expires_at: expiresAt?.toISOString() ?? null, warning };
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/connections/:id/schedule", scope: "connections:write", tag: "Refresh" },
    audited: "connection.scheduled",
    about: ({ params }) => ({ connectionId: params.id }),
    summary: "Move the refresh job",
    description: "`now` brings it forward, ahead of routine work; `next` puts it where the stored expiry wants it.",
    ...{ params: byId, body: options.extend({ when: z.enum(["now", "next"]) }), answer: scheduled },
    async handle({ params, body, tell }, { client }) {
      const { when, force } = body;
      tell({ connectionId: params.id, detail: { when, force } });
      const call = when === "now" ? client.scheduleNow(params.id, { force }) : client.scheduleNextRefresh(params.id);
      const placed = await call;
      if (placed === null) return { connection_id: params.id, generation: null, job_id: null, due_at: null };
      const { connectionId, generation, jobId, dueAt } = placed;
      return { connection_id: connectionId, generation, job_id: jobId, due_at: dueAt.toISOString() };
    },
  }),
  route({
    ...{ method: "GET", url: "/v1/connections/:id/log", scope: "connections:read", tag: "Refresh" },
    about: ({ params }) => ({ connectionId: params.id }),
    summary: "Attempts to refresh it, newest first",
    ...{ params: byId, query: z.object(page), answer: pageOf(attempt) },
    async handle({ params, query }, { client, engine }) {
      const { id } = await client.connections.get(params.id);
      const before = query.cursor === undefined ? undefined : BigInt(query.cursor);
      const rows = await refreshLog(engine, id, query.limit, before);
      return toPage(rows.map(toWire), query.limit);
    },
  }),
  route({
    ...{ method: "GET", url: "/v1/connections/:id/job", scope: "connections:read", tag: "Refresh" },
    about: ({ params }) => ({ connectionId: params.id }),
    summary: "The pending refresh job",
    ...{ params: byId, answer: z.object({ job: job.nullable() }) },
    async handle({ params }, { client }) {
      const { job } = await client.tokenStatus(params.id);
      if (job === "unknown") throw new EvertokenError("queue_unavailable", "Redis does not answer");
      return { job: job === null ? null : toJob(job) };
    },
  }),
  route({
    ...{ method: "GET", url: "/v1/connections/:id/status", scope: "connections:read", tag: "Refresh" },
    about: ({ params }) => ({ connectionId: params.id }),
    summary: "How its token does, and when it is refreshed",
    ...{ params: byId, answer: tokenStatus },
    async handle({ params }, { client }) {
      const { job, expiresInSeconds, ...found } = await client.tokenStatus(params.id);
      const known = job === "unknown" || job === null ? null : toJob(job);
      const queue = job === "unknown" ? ("unavailable" as const) : ("ok" as const);
      return { ...toWire(found), expires_in: expiresInSeconds, job: known, queue };
    },
  }),
];
