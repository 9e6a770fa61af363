import { startPostgres, startRedis } from "@evertoken/local";

/** Owns a Postgres and a Redis in the given directory until it is killed. */
const [directory = ""] = process.argv.slice(2);
const postgres = await startPostgres({ dataDir: `${directory}/postgres` });
const redis = await startRedis({ dataDir: `${directory}/redis` });
console.log(JSON.stringify([postgres.url, redis.url]));
setInterval(() => undefined, 1_000);
