import { networkOf } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import type { FastifyInstance } from "fastify";

/**
 * Refused keys, rights, origins and limits: counted by the minute in the audit log, per key or network, so that a flood of them writes no
 * row for each; the first of its kind is logged.
 */
export function countRefusals(app: FastifyInstance, { audit }: Engine): void {
  app.decorateRequest("refusal", undefined);
  app.addHook("onResponse", async (request) => {
    const { refusal: code, caller, routeOptions } = request;
    if (code === undefined) return;
    const actor = caller === undefined ? "nobody" : `key:${caller.id}`;
    const address = networkOf(request.ip);
    if (!audit.countRefusal({ actor, action: "request.refused", address, detail: { code } })) return;
    request.log.warn({ code, actor, address, route: routeOptions.url }, "requests are refused");
  });
}
