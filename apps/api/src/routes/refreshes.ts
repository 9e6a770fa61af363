import { bulkRefreshes, failedIdsKept, refreshAllExpiring, withStore } from "@evertoken/engine/internal";
import { z } from "zod";
import { Problem, wrongField } from "../problem.ts";
import { route } from "../route.ts";
import { byId, providerId, timeOut, uuid } from "../schemas.ts";

const shownIds = 1000;
const year = 366 * 86_400;

const body = z.strictObject({
  within: z
    .number()
    .int()
    .min(0)
    .max(year)
    .nullish()
    .describe("Those whose token ends within so many seconds. Default a day; null: all that can be refreshed"),
  provider: providerId.optional(),
  needs_reauth: z
    .boolean()
    .default(false)
    .describe("Instead those that wait for their user, once more: after a provider refused many by mistake"),
  dry_run: z.boolean().default(false).describe("Only say which; change nothing"),
});

const run = z
  .object({
    id: uuid.nullable().describe("null: a dry run"),
    state: z.enum(["dry_run", "waiting", "running", "completed", "failed"]).describe("failed: it could not go on"),
    total: z.number().int(),
    ...{ refreshed: z.number().int(), failed: z.number().int() },
    skipped: z.number().int().describe("Not asked for: needs the user, must wait, or a circuit is open"),
    pending: z.number().int(),
    failed_ids: z.array(uuid).optional().describe(`The first ${failedIdsKept} that failed`),
    connection_ids: z.array(uuid).optional().describe(`Of a dry run; the first ${shownIds}`),
    ...{ created_at: timeOut.nullable(), finished_at: timeOut.nullable() },
  })
  .meta({ id: "BulkRefresh" });

export const refreshRoutes = [
  route({
    ...{
      method: "POST",
      url: "/v1/refreshes",
      scope: "connections:write",
      tag: "Refresh",
      audited: "refreshes.started",
    },
    summary: "Refresh all that end soon",
    description: "Runs as a job of the workers; `GET /v1/refreshes/{id}` tells how far it is.",
    ...{ body, status: 202, answer: run },
    async handle({ body, tell, reply }, { engine }) {
      const { provider, dry_run: dryRun, needs_reauth: needsReauth } = body;
      const detail = { provider: provider ?? null, needsReauth, dryRun };
      tell({ detail });
      if (provider !== undefined && (await withStore(() => engine.providers.known(provider))) === undefined) {
        throw wrongField("provider", "there is no such provider: GET /v1/providers lists them", "unknown_provider");
      }
      const withinMs = body.within === undefined ? 86_400_000 : body.within === null ? null : body.within * 1000;
      const filter = { withinMs, needsReauth, ...(provider === undefined ? {} : { provider }) };
      if (dryRun) {
        const { connectionIds, failedIds: _, ...counts } = await refreshAllExpiring(engine, { ...filter, dryRun });
        const ids = connectionIds.slice(0, shownIds);
        return {
          id: null,
          state: "dry_run" as const,
          ...counts,
          connection_ids: ids,
          created_at: null,
          finished_at: null,
        };
      }
      const started = await bulkRefreshes.start(engine, filter);
      tell({ detail: { ...detail, id: started.id } });
      reply.header("location", `/v1/refreshes/${started.id}`);
      return toRun(started);
    },
  }),
  route({
    ...{ method: "GET", url: "/v1/refreshes/:id", scope: "connections:read", tag: "Refresh" },
    summary: "How far a bulk refresh is",
    ...{ params: byId, answer: run },
    async handle({ params }, { engine }) {
      const found = await bulkRefreshes.find(engine, params.id);
      if (found === null)
        throw new Problem("not_found", { detail: "there is no such bulk refresh, or it is long over" });
      return toRun(found);
    },
  }),
];

type Found = NonNullable<Awaited<ReturnType<typeof bulkRefreshes.find>>>;

function toRun({ id, state, progress, createdAt, finishedAt }: Found): z.output<typeof run> {
  const { failedIds, ...counts } = progress;
  const times = { created_at: createdAt.toISOString(), finished_at: finishedAt?.toISOString() ?? null };
  return { id, state, ...counts, failed_ids: [...failedIds], ...times };
}
