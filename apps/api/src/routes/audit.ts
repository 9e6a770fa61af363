import { auditLog } from "@evertoken/engine/internal";
import { z } from "zod";
import { route } from "../route.ts";
import { page, pageOf, text, time, timeOut, toPage, uuid } from "../schemas.ts";

const entry = z.object({
  ...{ id: z.string(), at: timeOut, connection_id: uuid.nullable() },
  actor: z
    .string()
    .describe(
      "key:<id>, person:<name> of the dashboard, host:<user> of a command, app:<user> of an embedded engine, user:<hash>, nobody or system",
    ),
  address: z.string().nullable().describe("From where, if that is known: an address, or the host of a command"),
  action: z.string(),
  detail: z.record(z.string(), z.unknown()),
});

const query = z.object({
  ...page,
  connection_id: uuid.optional(),
  actor: text(128).optional(),
  action: text(128).optional(),
  since: time.optional().describe("Written then or later"),
  until: time.optional().describe("Written before"),
});

export const auditRoutes = [
  route({
    ...{ method: "GET", url: "/v1/audit", scope: "admin", tag: "API keys" },
    summary: "Who read which token and changed what, newest first",
    description:
      "Reads of tokens and refusals are counted: one entry a minute for all that are alike, with `detail.count` and `detail.since`. " +
      "Counts of other processes are there within a minute.",
    ...{ query, answer: pageOf(entry) },
    async handle({ query }, { engine }) {
      const { connection_id: connectionId, actor, action, since, until, cursor, limit } = query;
      const rows = await auditLog(engine, {
        ...{
          limit,
          ...(connectionId === undefined ? {} : { connectionId }),
          ...(actor === undefined ? {} : { actor }),
          ...(action === undefined ? {} : { action }),
          ...(since === undefined ? {} : { since: new Date(since) }),
          ...(until === undefined ? {} : { until: new Date(until) }),
        },
        ...(cursor === undefined ? {} : { before: BigInt(cursor) }),
      });
      const data = rows.map(({ id, at, actor: by, address, action: what, connectionId: of, detail }) => ({
        ...{ id: id.toString(), at: at.toISOString(), connection_id: of, actor: by, address, action: what },
        detail: detail as Record<string, unknown>,
      }));
      return toPage(data, limit);
    },
  }),
];
