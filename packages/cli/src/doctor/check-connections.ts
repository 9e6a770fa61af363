import { inUseElsewhere, providerStates } from "@evertoken/adapters";
import { circuitAdvice } from "@evertoken/core";
import type { Engine } from "@evertoken/engine/internal";
import { type Finding, warn } from "./finding.ts";

/** What is stopped for a reason that somebody can mend. */
export async function checkConnections(pool: Engine["pool"]): Promise<Finding[]> {
  const circuits = (await providerStates(pool)).filter(({ circuit_open }) => circuit_open);
  const inUse = await inUseElsewhere(pool);
  return [
    ...inUse.map(({ id, message }) =>
      warn(
        "refresh tokens",
        `${id} lives to the end of its access token: ${message}`,
        "have it connected with a grant of its own, or disconnect it",
      ),
    ),
    ...circuits.map(({ provider, code, reason }) => {
      const { title, todo } = circuitAdvice(code);
      return warn("circuit", `${provider} ${title}: ${reason ?? "no reason given"}`, todo);
    }),
  ];
}
