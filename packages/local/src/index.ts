export { endAbandonedServer } from "./data-dir-claim.ts";
export { fetchedPackages, fetchPackage } from "./fetch-package.ts";
export { freePort } from "./free-port.ts";
export { LocalServer } from "./local-server.ts";
export { LocalServiceError } from "./local-service-error.ts";
export { type PostgresOptions, startPostgres } from "./postgres.ts";
export { type RedisOptions, startRedis } from "./redis.ts";
export { findRedisBinary } from "./redis-binary.ts";
