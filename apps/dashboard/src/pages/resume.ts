import { withQueue, withStore } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { readForm } from "./actions.ts";
import type { PageContext } from "./context.ts";
import { PageFault } from "./fault.ts";

/** Lets the queue of a provider go on, which somebody has paused. */
export async function resume({ engine }: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const { session } = readForm(request);
  const { id } = request.params as { id: string };
  const known = await withStore(() => engine.providers.known(id));
  if (known === undefined) throw new PageFault(404, "Not found", "There is no such provider.");
  const queue = engine.queues.refreshQueue(id);
  await withQueue(() => queue.resume());
  const who = { actor: `person:${session.name}`, address: request.ip };
  await engine.audit.record({ ...who, action: "queue.resumed", detail: { queueName: queue.name } });
  return reply.redirect("/", 303);
}
