import { type Limits, networkOf } from "@evertoken/adapters";
import type { FastifyInstance } from "fastify";
import { refuseOver } from "./problem.ts";

/** What people's browsers ask for without a key: the connect page, its links, start addresses and callbacks. */
const open = /^(\/v1)?\/connect(\/|$)/;

declare module "fastify" {
  interface FastifyContextConfig {
    /** It is asked for with a key, which has limits of its own. */
    keyed?: boolean;
  }
}

/** A whole office may come from one address; of what changes something a person does a few a minute. */
const looksPerMinute = 300;
const actionsPerMinute = 60;

export function limitBrowsers(app: FastifyInstance, limits: Limits): void {
  const looks = limits({ name: "browser-looks", most: looksPerMinute, perSeconds: 60 });
  const actions = limits({ name: "browser-actions", most: actionsPerMinute, perSeconds: 60 });
  app.addHook("onRequest", async ({ method, ip, routeOptions }) => {
    // The pattern that the router has matched: `/%63onnect` is the same route.
    if (!open.test(routeOptions.url ?? "") || routeOptions.config.keyed) return;
    const limiter = method === "GET" || method === "HEAD" ? looks : actions;
    refuseOver(await limiter.take(networkOf(ip)), "too many requests from this address");
  });
}
