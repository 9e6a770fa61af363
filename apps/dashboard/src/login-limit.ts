import { type Limits, networkOf } from "@evertoken/adapters";
import type { FastifyReply, FastifyRequest } from "fastify";
import { refusal } from "./refusal.ts";

/** Guesses at one name, from wherever they come. */
const perName = { name: "login-name", most: 20, perSeconds: 900 };

const mostKnown = 10_000;

/**
 * Tries to log in, counted before the password is looked at, per address and per name. Who has logged in from a network before is not locked
 * out of it by others who guess at the name.
 */
export function createLoginLimit(limits: Limits, attemptsPerMinute: number) {
  const addresses = limits({ name: "login-address", most: attemptsPerMinute, perSeconds: 60 });
  const names = limits(perName);
  const known = new Set<string>();
  const placeOf = ({ ip }: FastifyRequest, name: string) => `${networkOf(ip)} ${name}`;
  return {
    async refuseTooMany(request: FastifyRequest, reply: FastifyReply) {
      // A second factor comes with the ticket of its password, of which there are no more than tries at the name.
      const { name, ticket } = (request.body ?? {}) as { name?: string; ticket?: string };
      const guessed = name?.trim().toLowerCase() ?? ticket;
      const wait =
        (await addresses.take(networkOf(request.ip))) ??
        (guessed === undefined || known.has(placeOf(request, guessed)) ? null : await names.take(guessed));
      if (wait === null) return undefined;
      return refusal(request, reply.header("retry-after", Math.ceil(wait / 1000)), 429, "too_many_logins");
    },
    worked(request: FastifyRequest, name: string): void {
      if (known.size >= mostKnown) known.clear();
      known.add(placeOf(request, name.trim().toLowerCase()));
    },
  };
}

export type LoginLimit = ReturnType<typeof createLoginLimit>;
