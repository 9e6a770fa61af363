import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import type { Role } from "@evertoken/operations";
import type { Queue } from "bullmq";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { boardPrefix } from "./access.ts";
import { boardHooks } from "./board-hooks.ts";
import { refusalBody } from "./refusal.ts";

export interface BoardDeps {
  /** Asked before every answer, since queues come with providers while we run. */
  readonly queues: () => readonly Queue[];
  readonly logger: FastifyBaseLogger;
}

const uiConfig = {
  boardTitle: "Evertoken",
  miscLinks: [
    { text: "Ready?", url: "/readyz" },
    { text: "Log out", url: "/logout" },
  ],
  hideDocsLink: true,
  hideRedisDetails: true,
  // Each of these would run CLIENT LIST, and every open page polls.
  showWorkers: false,
  pollingInterval: { showSetting: false, forceInterval: 5 },
  sortQueues: true,
};

/** One adapter per queue object, kept, since an adapter made anew for each request would be thrown away at once. */
function createAdapters(queues: BoardDeps["queues"]) {
  const adapters = new WeakMap<Queue, BullMQAdapter>();
  return () =>
    queues().map((queue) => {
      const adapter = adapters.get(queue) ?? new BullMQAdapter(queue);
      adapters.set(queue, adapter);
      return adapter;
    });
}

/** Bull Board's page comes with a font from Google, which our policy blocks anyway; it needs our style sheet, and a way back. */
const dressed = (html: string): string =>
  html
    .replace(/<link [^>]*fonts\.googleapis\.com[^>]*>/g, "")
    .replace("</head>", '<link href="/board.css" rel="stylesheet"></head>')
    .replace("</body>", '<a id="token-health" href="/">Token health</a></body>');

interface QueueAnswer {
  readonly queues?: readonly object[];
}

/**
 * What the board's scripts are told about each queue. To a viewer every queue is read-only, and nobody is offered to
 * run completed jobs again, which takes those buttons away; guard and hooks are what refuses.
 */
function forRole(answer: QueueAnswer | null, role: Role | undefined): unknown {
  if (!Array.isArray(answer?.queues)) return answer;
  const limits = role === "operator" ? {} : { readOnlyMode: true, allowRetries: false };
  return { ...answer, queues: answer.queues.map((queue) => ({ ...queue, allowCompletedRetries: false, ...limits })) };
}

/** Mounts Bull Board under `boardPrefix`, behind the guard of the app it is given. */
export async function registerBoard(app: FastifyInstance, { queues, logger }: BoardDeps): Promise<void> {
  const adapters = createAdapters(queues);
  const serverAdapter = new FastifyAdapter().setBasePath(boardPrefix);
  const board = createBullBoard({ queues: [], serverAdapter, options: { uiConfig, handlerHooks: boardHooks } });
  serverAdapter.setErrorHandler((error) => {
    logger.error({ event: "dashboard.board_failed", err: error }, "the board could not answer");
    return { status: 500, body: refusalBody("unavailable") };
  });
  await app.register(async (scope) => {
    scope.addHook("preHandler", async () => board.replaceQueues(adapters()));
    scope.addHook("preSerialization", async (request, _reply, payload) =>
      forRole(payload as QueueAnswer | null, request.session?.role),
    );
    scope.addHook("onSend", async (_request, reply, payload) => {
      const isPage = `${reply.getHeader("content-type")}`.startsWith("text/html");
      return isPage && typeof payload === "string" ? dressed(payload) : payload;
    });
    await scope.register(serverAdapter.registerPlugin(), { prefix: boardPrefix });
  });
}
