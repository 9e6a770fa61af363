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
  const secrets = limits({ ...perName, name: "account-secret" });
  const known = new Set<string>();
  const placeOf = ({ ip }: FastifyRequest, name: string) => `${networkOf(ip)} ${name}`;
  return {
    /** @param nameOf whose login a request tries, which decides by nothing that the one who asks is free to change */
    refuseTooMany(nameOf: (request: FastifyRequest) => string | undefined) {
      return async (request: FastifyRequest, reply: FastifyReply) => {
        const name = nameOf(request)?.trim().toLowerCase();
        const wait =
          (await addresses.take(networkOf(request.ip))) ??
          (name === undefined || known.has(placeOf(request, name)) ? null : await names.take(name));
        if (wait === null) return undefined;
        return refusal(request, reply.header("retry-after", Math.ceil(wait / 1000)), 429, "too_many_logins");
      };
    },
    /** A password or a code that a page asks for once more: whoever has taken over a session guesses at it no faster. */
    async refuseTooManySecrets(request: FastifyRequest, reply: FastifyReply) {
      const wait = await secrets.take(request.session?.name ?? "");
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
