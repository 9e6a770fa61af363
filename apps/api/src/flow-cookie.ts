import { randomBytes } from "node:crypto";
import type { Engine } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";

/** As long as a flow lives. */
const lifetimeSeconds = 600;

/** `__Host-` keeps other hosts of the domain from planting it; browsers take it over https alone. */
const nameOf = ({ config }: Engine) =>
  config.connect.publicUrl?.startsWith("https:") ? "__Host-evertoken_flow" : "evertoken_flow";

/** The secret of the browser that a start address has sent out. */
export function readFlowCookie(engine: Engine, request: FastifyRequest): string | undefined {
  const secret = cookieOf(request, nameOf(engine));
  return secret !== null && /^[\w-]{43}$/.test(secret) ? secret : undefined;
}

/** One secret for all flows of a browser, so that those of several tabs do not put each other out. @returns it */
export function giveFlowCookie(engine: Engine, request: FastifyRequest, reply: FastifyReply): string {
  const secret = readFlowCookie(engine, request) ?? randomBytes(32).toString("base64url");
  const name = nameOf(engine);
  const secure = name.startsWith("__Host-") ? "; Secure" : "";
  reply.header("set-cookie", `${name}=${secret}; Path=/; HttpOnly; SameSite=Lax${secure}; Max-Age=${lifetimeSeconds}`);
  return secret;
}

export function cookieOf({ headers }: FastifyRequest, wanted: string): string | null {
  const pairs = (headers.cookie ?? "")
    .split(/;\s*/)
    .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
  return pairs.find(([name]) => name === wanted)?.[1] ?? null;
}
