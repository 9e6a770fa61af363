import type { FastifyInstance } from "fastify";
import type { Route } from "./route.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** What an address takes when the router found no route for the method that was used. */
export function methodsAt(app: FastifyInstance, routes: readonly Route[], path: string): readonly string[] {
  const taken = routes.filter(({ url }) => patternOf(url).test(path)).map(({ method }) => method);
  if (taken.length > 0) return [...new Set(taken)];
  // Beside the table there are only fixed addresses: health, document, docs.
  return methods.filter((method) => !path.includes(":") && !path.includes("*") && app.hasRoute({ method, url: path }));
}

function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replaceAll(/:[a-zA-Z]+/g, "[^/]+")}$`);
}
