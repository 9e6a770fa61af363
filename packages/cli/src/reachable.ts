import { describeTrouble, tryWrite } from "@evertoken/adapters";
import { EvertokenError } from "@evertoken/client";
import type { Engine } from "@evertoken/client/engine";

/** For tasks that go past the client: says in one line that Postgres is away, or has no tables yet. @throws {EvertokenError} */
export async function requirePostgres({ pool }: Engine): Promise<void> {
  const { rows } = await pool
    .query<{ found: boolean }>("SELECT to_regclass('connections') IS NOT NULL AS found")
    .catch(() => {
      throw new EvertokenError("store_unavailable", "Postgres does not answer: check DATABASE_URL and the server");
    });
  if (rows[0]?.found) return;
  throw new EvertokenError("store_unavailable", "the database has no tables yet: run `evertoken migrate`");
}

const patienceMs = 2500;

/** Postgres and Redis, for tasks that need both from beginning to end. @throws {EvertokenError} */
export async function requireServices(engine: Engine): Promise<void> {
  await requirePostgres(engine);
  const trouble = await tryWrite(engine.queues.redis, engine.config.redisPrefix, patienceMs);
  if (trouble !== null) throw new EvertokenError("queue_unavailable", describeTrouble(trouble));
}
