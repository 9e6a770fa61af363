import { causes, type OutageReason, outageReasons } from "@evertoken/core";
import { readSituation } from "@evertoken/operations";
import { z } from "zod";
import { route } from "../route.ts";
import { tag, timeOut, uuid } from "../schemas.ts";
import { toWire } from "../wire.ts";

const affected = { connections: z.number().int(), customers: z.number().int() };
const cause = z.enum(causes as readonly ["ours", "provider", "user"]).describe("Who can end it");

const outages = z.object({
  ...affected,
  by_cause: z.object({ ours: z.object(affected), provider: z.object(affected), user: z.object(affected) }),
  by_reason: z.array(
    z.object({
      ...{ provider: z.string(), cause, ...affected },
      reason: z.enum(Object.keys(outageReasons) as [OutageReason, ...OutageReason[]]),
    }),
  ),
});

const trouble = z.object({
  kind: z.enum(["held", "redis", "circuit", "late", "paused", "receiver", "limit"]),
  severity: z.enum(["bad", "warn"]),
  title: z.string(),
  detail: z.string(),
  todo: z.string().nullable().describe("null: nothing, it ends by itself"),
  ...{ provider: z.string().nullable(), registration: z.string().nullable(), queue: z.string().nullable() },
  endpoint: uuid.nullable().describe("Of a receiver of events that does not take them"),
  connection_id: uuid.nullable().describe("An example"),
  affected: z.number().int().describe("Connections that it holds up, or events that wait"),
  ...{ since: timeOut.nullable(), until: timeOut.nullable() },
});

const status = z
  .object({
    at: timeOut,
    outages: outages.describe("Connections that can serve no token now"),
    troubles: z.array(trouble).describe("What somebody should look at, the worst first"),
  })
  .meta({ id: "Status" });

export const statusRoutes = [
  route({
    ...{ method: "GET", url: "/v1/status", scope: "admin", tag: "Status" },
    summary: "Who cannot work now, on whom it is, and what to do",
    description:
      "What the dashboard's first page and `evertoken status` say. It costs a look at every connection that has ended.",
    query: z.object({ tag: tag.optional().describe("Outages are counted of connections that have it") }),
    answer: status,
    async handle({ query }, { engine }) {
      const { at, outages, troubles } = await readSituation(engine, query.tag ?? null);
      const { connections, customers, byCause, byReason } = outages;
      return {
        at: at.toISOString(),
        outages: { connections, customers, by_cause: byCause, by_reason: [...byReason] },
        troubles: troubles.map(toWire),
      };
    },
  }),
];
