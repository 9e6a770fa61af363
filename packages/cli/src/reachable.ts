import { describeTrouble, tryWrite } from "@evertoken/adapters";
import { EvertokenError } from "@evertoken/engine";
import { checkSchema, type Engine } from "@evertoken/engine/internal";

/** For tasks that go past the client: says in one line that Postgres is away, or not as it has to be. @throws {EvertokenError} */
export async function requirePostgres(engine: Engine): Promise<void> {
  await checkSchema(engine);
}

const patienceMs = 2500;

/** Postgres and Redis, for tasks that need both from beginning to end. @throws {EvertokenError} */
export async function requireServices(engine: Engine): Promise<void> {
  await requirePostgres(engine);
  const trouble = await tryWrite(engine.queues.redis, engine.config.redisPrefix, patienceMs);
  if (trouble !== null) throw new EvertokenError("queue_unavailable", describeTrouble(trouble));
}
