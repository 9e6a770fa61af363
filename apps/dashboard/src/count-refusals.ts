import { networkOf } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import type { FastifyInstance } from "fastify";

declare module "fastify" {
  interface FastifyRequest {
    /** Why it was refused. */
    refused: { readonly action: string; readonly code: string; readonly actor?: string } | undefined;
  }
}

/**
 * What the guard, the limits, forms and the login refuse: counted by the minute in the audit log, by person and network, so that a flood of
 * it writes no row for each; the first of its kind is logged.
 */
export function countRefusals(app: FastifyInstance, { audit }: Engine): void {
  app.decorateRequest("refused", undefined);
  app.addHook("onResponse", async ({ refused, session, ip, log }) => {
    if (refused === undefined) return;
    const { action, code } = refused;
    const actor = refused.actor ?? (session === undefined ? "nobody" : `person:${session.name}`);
    const address = networkOf(ip);
    if (audit.countRefusal({ actor, action, address, detail: { code } })) {
      log.warn({ event: action, code, actor, address }, "requests are refused");
    }
  });
}
