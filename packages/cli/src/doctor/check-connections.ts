import { formatDuration, inUseElsewhere, providerStates } from "@evertoken/adapters";
import { circuitAdvice } from "@evertoken/core";
import type { Engine } from "@evertoken/engine/internal";
import { findOldestOverdue } from "@evertoken/operations";
import { type Finding, ok, warn } from "./finding.ts";

const lateSeconds = 120;

/** Whether work gets done: the oldest overdue refresh catches every kind of worker that does not work. */
export async function checkConnections(prisma: Engine["prisma"], pool: Engine["pool"]): Promise<Finding[]> {
  const states = await providerStates(pool);
  const circuits = states.filter(({ circuit_open }) => circuit_open);
  const inUse = await inUseElsewhere(pool);
  const oldest = await findOldestOverdue({ prisma }, new Date());
  const circuitOf = new Set(circuits.map(({ provider }) => provider));
  const isLate = oldest !== null && oldest.overdueSeconds > lateSeconds && !circuitOf.has(oldest.provider);
  return [
    isLate
      ? warn(
          "refreshes",
          `the oldest is overdue by ${formatDuration(oldest.overdueSeconds * 1000)} (${oldest.connectionId})`,
          "see that a worker and a scheduler run, then `evertoken reconcile`",
        )
      : ok("refreshes", "none is late"),
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
