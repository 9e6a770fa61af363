import { fixedQueues, type Queues } from "@evertoken/adapters";
import type { Pool } from "pg";
import type { LiveProviders } from "./live-providers.ts";

interface Configured {
  readonly providers: LiveProviders;
  readonly pool: Pool;
}

/** Providers whose queue needs a worker: those that are configured, and those that have connections. */
export async function providersAtWork({ providers, pool }: Configured): Promise<Set<string>> {
  await providers.catchUp();
  const configured = providers
    .all()
    .filter(({ registration, policy }) => registration !== null && policy.spends !== "nothing");
  const ids = new Set(configured.map(({ provider }) => provider.id));
  for (const id of await connectedProviders(pool)) ids.add(id);
  return ids;
}

/** A loose index scan: as many steps as there are providers, whatever the number of connections. */
async function connectedProviders(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ provider: string }>(
    `WITH RECURSIVE found AS (
       (SELECT provider FROM connections ORDER BY provider LIMIT 1)
       UNION ALL
       SELECT (SELECT c.provider FROM connections c WHERE c.provider > f.provider ORDER BY c.provider LIMIT 1)
       FROM found f WHERE f.provider IS NOT NULL)
     SELECT provider FROM found WHERE provider IS NOT NULL`,
  );
  return rows.map(({ provider }) => provider);
}

/** Opens the queue of every provider at work, so that whoever looks at all queues sees them. */
export async function openQueues(engine: Configured & { readonly queues: Queues }): Promise<void> {
  for (const provider of await providersAtWork(engine)) engine.queues.refreshQueue(provider);
  for (const name of fixedQueues) engine.queues.fixed(name);
}
