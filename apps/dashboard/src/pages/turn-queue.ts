import { withQueue, withStore } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { readForm } from "./actions.ts";
import type { PageContext } from "./context.ts";
import { PageFault } from "./fault.ts";

/** Holds the queue of a provider, or lets it go on. */
export async function turnQueue(
  { engine }: PageContext,
  turn: "pause" | "resume",
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { session } = readForm(request);
  const { id } = request.params as { id: string };
  const known = await withStore(() => engine.providers.known(id));
  if (known === undefined) throw new PageFault(404, "Not found", "There is no such provider.");
  const queue = engine.queues.refreshQueue(id);
  await withQueue(() => (turn === "pause" ? queue.pause() : queue.resume()));
  const who = { actor: `person:${session.name}`, address: request.ip };
  await engine.audit.record({
    ...who,
    action: turn === "pause" ? "queue.paused" : "queue.resumed",
    detail: { queueName: queue.name },
  });
  return reply.redirect(`/providers/${id}`, 303);
}
