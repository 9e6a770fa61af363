import type { FastifyReply } from "fastify";

/** What a browser keeps of its session, and how. */
export function createSessionCookie(name: string, secure: boolean, lifetimeMs: number) {
  const options = { path: "/", httpOnly: true, sameSite: "lax", secure } as const;
  return {
    name,
    options,
    set: (reply: FastifyReply, secret: string) =>
      reply.setCookie(name, secret, { ...options, maxAge: Math.floor(lifetimeMs / 1000) }),
    clear: (reply: FastifyReply) => reply.clearCookie(name, options),
  };
}

export type SessionCookie = ReturnType<typeof createSessionCookie>;
