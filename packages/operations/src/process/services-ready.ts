import { otherKind, type PostgresTrouble, postgresTrouble, type RedisTrouble, tryWrite } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";

/** Before a probe that asks gives up. */
const patienceMs = 2500;

/**
 * For `/readyz`: whether Postgres answers, Redis takes writes, whether this database is the true one, and whose issuer keeps its provider waiting,
 * which holds up nobody else.
 */
export async function servicesReady({
  pool,
  queues,
  config,
  providers,
  installation,
  clock,
}: Engine): Promise<Record<string, string>> {
  const [postgres, kind, refused] = await Promise.all([
    postgresReady(pool),
    otherKind(queues.redis, patienceMs),
    tryWrite(queues.redis, config.redisPrefix, patienceMs),
  ]);
  const trouble = kind ?? refused;
  const redis = trouble === null ? "ok" : redisInShort[trouble];
  const waiting = [...providers.waiting().keys()].join(", ");
  const held = await installation.standing().catch(() => null);
  return {
    ...{ postgres, redis, installation: held === null ? "ok" : `held, ${held.why}` },
    ...(clock.trouble === null
      ? {}
      : { clock: clock.trouble.farOff ? clock.trouble.words : `ok, but ${clock.trouble.words}` }),
    ...(waiting === "" ? {} : { issuers: `ok, but ${waiting.slice(0, 50)} waits` }),
  };
}

/** For processes that serve tokens: living ones are served while nothing is spent. */
export async function ableToServe(engine: Engine): Promise<Record<string, string>> {
  const { installation, clock = "ok", ...services } = await servicesReady(engine);
  const able = (word = "ok") => (word.startsWith("ok") ? word : `ok, but ${word}`);
  return { ...services, installation: able(installation), ...(clock === "ok" ? {} : { clock: able(clock) }) };
}

/** Named, so that a pooler which loses prepared statements is noticed. */
async function postgresReady(pool: Engine["pool"]): Promise<string> {
  try {
    const { rows } = await pool.query<{ has_tables: boolean; read_only: boolean }>({
      name: "ready",
      text: `SELECT to_regclass('connections') IS NOT NULL AS has_tables,
        current_setting('transaction_read_only') = 'on' AS read_only`,
    });
    if (rows[0]?.has_tables !== true) return postgresInShort.unmigrated;
    return rows[0].read_only ? postgresInShort.replica : "ok";
  } catch (error) {
    return postgresInShort[postgresTrouble(error)];
  }
}

const postgresInShort: Readonly<Record<PostgresTrouble, string>> = {
  away: "does not answer",
  unmigrated: "is not migrated",
  credentials: "refuses user or password",
  database: "has no such database",
  permission: "its user may not do what is needed",
  replica: "takes no writes",
  pooler: "loses prepared statements",
  refused: "refuses a statement",
};

const redisInShort: Readonly<Record<RedisTrouble, string>> = {
  replica: "is a replica and takes no writes",
  loading: "is loading its data",
  cluster: "is a node of a cluster",
  sentinel: "is a Sentinel",
  single: "is no cluster",
  slots: "lacks a master for some keys",
  master: "has no such primary",
  sentinels: "no Sentinel answers",
  credentials: "refuses user or password",
  permission: "its user may not do what is needed",
  memory: "is out of memory",
  disk: "cannot write to its disk",
  tls: "cannot be talked to over TLS",
  away: "does not answer",
};
