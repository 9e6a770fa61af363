/**
 * npm run test:cluster: Redis of several servers. Brings up a Redis Cluster, Sentinels, and servers with TLS and users of few rights, from the
 * machine's own `redis-server` (and `valkey-server`, where there is one), and kills masters beneath running refreshes. Arguments go to vitest.
 * Ends with `N passed, N failed`.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const test = fileURLToPath(new URL("test.mjs", import.meta.url));
const env = { ...process.env, TEST_CLUSTER: "1" };
const { status } = spawnSync(process.execPath, [test, ...process.argv.slice(2)], { stdio: "inherit", env });
process.exitCode = status ?? 1;
