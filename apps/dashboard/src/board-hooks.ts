import type { BoardHooks } from "@bull-board/api/typings/app";
import { mask } from "./mask.ts";
import { type RefusalCode, refusalBody } from "./refusal.ts";

/** Reconcile runs here; were it paused, nothing would be left to restore what is paused by mistake. */
const neverPaused = "maintenance";

const refuse = (code: RefusalCode) => ({
  allow: false as const,
  status: 403 as const,
  message: refusalBody(code).message,
});

/** The two allowed actions that depend on what they are done to, and the mask over all that is shown. */
export const boardHooks: BoardHooks = {
  async before({ route, request }) {
    const { queueName, jobId } = request.params;
    if (route === "/api/queues/:queueName/pause" && queueName === neverPaused) return refuse("queue_needed");
    if (route === "/api/queues/:queueName/:jobId/retry") {
      const job = await request.queues.get(queueName)?.getJob(jobId);
      if ((await job?.getState()) === "completed") return refuse("already_done");
    }
    return { allow: true };
  },
  after: (_context, result) => ({ ...result, body: mask(result.body) as typeof result.body }),
};
