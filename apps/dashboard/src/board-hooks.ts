import type { BoardHooks } from "@bull-board/api/typings/app";
import { mask } from "./mask.ts";
import { type RefusalCode, refusalBody } from "./refusal.ts";

/** Reconcile runs here; were it paused, nothing would be left to restore what is paused by mistake. */
const neverPaused = "maintenance";

/** Bull Board sets no limit: a page of a million jobs would hold up Redis, and with it every refresh. */
const mostJobsPerPage = 100;

const refuse = (code: RefusalCode) => ({
  allow: false as const,
  status: 403 as const,
  message: refusalBody(code).message,
});

/** Bounds what is read, refuses two actions that depend on what they are done to, and masks all that is shown. */
export const boardHooks: BoardHooks = {
  async before({ route, request }) {
    const { queueName, jobId } = request.params;
    const { jobsPerPage } = request.query;
    const fits = jobsPerPage === undefined || Number(jobsPerPage) <= mostJobsPerPage;
    if (!fits) request.query.jobsPerPage = `${mostJobsPerPage}`;
    if (route === "/api/queues/:queueName/pause" && queueName === neverPaused) return refuse("queue_needed");
    if (route === "/api/queues/:queueName/:jobId/retry") {
      const job = await request.queues.get(queueName)?.getJob(jobId);
      if ((await job?.getState()) === "completed") return refuse("already_done");
    }
    return { allow: true };
  },
  after: (_context, result) => ({ ...result, body: mask(result.body) as typeof result.body }),
};
