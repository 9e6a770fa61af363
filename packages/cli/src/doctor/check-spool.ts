import {
  type Config,
  createKeyring,
  createSpool,
  type DrainableSpool,
  type RedisClient,
  type SpoolFault,
} from "@evertoken/adapters";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Token sets that could not be committed yet. The directory is that of this machine: look on each worker's. */
export async function checkSpool(redis: RedisClient, config: Config): Promise<Finding[]> {
  if (config.encryptionKeys.length === 0) {
    return [warn("spool", "not looked into: it opens with ENCRYPTION_KEY only", "set ENCRYPTION_KEY")];
  }
  const spool = createSpool({
    ...{ redis, key: `{${config.redisPrefix}}:spool`, directory: config.spoolDir },
    ...{ keyring: createKeyring(config.encryptionKeys), onError: () => {}, onFault: () => {} },
  });
  try {
    await spool.check();
  } catch (error) {
    const why = error instanceof Error && "code" in error ? ` (${error.code})` : "";
    return [fail("spool", `${config.spoolDir} cannot be written${why}`, "check SPOOL_DIR, and who may write there")];
  }
  const found = await look(spool);
  return found.length === 0 ? [ok("spool", "empty")] : found;
}

async function look(spool: DrainableSpool): Promise<Finding[]> {
  const kept = await spool.all();
  await spool.left();
  const faults = [...spool.setAside(), ...(await spool.refused())];
  const aside = [...new Map(faults.map((fault) => [fault.where, fault])).values()];
  const waiting = kept.length === 0 ? [] : [`${kept.length} token sets wait to be committed`];
  const advice = "a running worker commits them within seconds of Postgres being back; never delete them";
  return [
    ...waiting.map((detail) => warn("spool", detail, advice)),
    ...(aside.length === 0 ? [] : [warn("spool", describe(aside), asideAdvice)]),
  ];
}

const asideAdvice =
  "each may be the only copy of a connection's tokens: see the runbook, and remove one only when its connection is well";

/** How many are named: the log of the workers has them all. */
const mostNamed = 10;

function describe(aside: readonly SpoolFault[]): string {
  const named = aside.slice(0, mostNamed).map(({ where, why }) => `${where}: ${why}`);
  const more = aside.length > mostNamed ? [`and ${aside.length - mostNamed} more`] : [];
  return `${aside.length} entries are set aside; ${[...named, ...more].join("; ")}`;
}
