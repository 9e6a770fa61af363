import type { FastifyHelmetOptions } from "@fastify/helmet";

/** Answers are data: nothing of them is to be run, framed or guessed at. The pages of docs state their own policy. */
export const securityHeaders: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
  },
  xFrameOptions: { action: "deny" },
  referrerPolicy: { policy: "no-referrer" },
};
