import { expect, test } from "vitest";
import { isReplaced, redisTrouble } from "./redis-trouble.ts";

const readonly = "READONLY You can't write against a read only replica.";

test.each([
  [readonly, "replica", true],
  [`${readonly} script: 5d1f, on @user_script:12.`, "replica", true],
  [`ERR Error running script (call to f_5d1f): @user_script:12: -${readonly}`, "replica", true],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "replica", true],
  ["UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)", "replica", true],
  ["LOADING Redis is loading the dataset in memory", "loading", true],
  ["CLUSTERDOWN Hash slot not served", "cluster", true],
  ["MOVED 3999 127.0.0.1:6381", "cluster", false],
  ["Too many Cluster redirections. Last error: Error: Connection is closed.", "slots", false],
  [
    "All sentinels are unreachable. Retrying from scratch after 10ms. Last error: connect ECONNREFUSED",
    "sentinels",
    false,
  ],
  ["All sentinels are unreachable. Last error: ERR No such master with that name", "master", false],
  ["All sentinels are unreachable. Last error: NOAUTH Authentication required.", "credentials", false],
  ["ERR Error running script (call to f_5d1f): @user_script:1: -OOM command not allowed", "memory", false],
  ["OOM command not allowed when used memory > 'maxmemory'.", "memory", false],
  ["MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", "disk", false],
  ["NOAUTH Authentication required.", "credentials", false],
  ["WRONGPASS invalid username-password pair or user is disabled.", "credentials", false],
  ["NOPERM this user has no permissions to run the 'set' command", "permission", false],
  ["self-signed certificate in certificate chain", "tls", false],
  ["Command timed out", "away", false],
  ["connect ECONNREFUSED 127.0.0.1:6379", "away", false],
] as const)("%s", (message, trouble, replaced) => {
  expect(redisTrouble(new Error(message))).toBe(trouble);
  expect(isReplaced(new Error(message))).toBe(replaced);
});

test("a TLS error is known by its code", () => {
  expect(redisTrouble(Object.assign(new Error("wrong version"), { code: "ERR_SSL_WRONG_VERSION_NUMBER" }))).toBe("tls");
});

test("of a cluster that cannot be reached it is known what its last node said", () => {
  const failed = (lastNodeError: Error) =>
    Object.assign(new Error("Failed to refresh slots cache."), { lastNodeError });
  expect(redisTrouble(failed(new Error("ERR This instance has cluster support disabled")))).toBe("single");
  expect(redisTrouble(failed(new Error("WRONGPASS invalid username-password pair")))).toBe("credentials");
  expect(redisTrouble(failed(new Error("connect ECONNREFUSED 127.0.0.1:6379")))).toBe("away");
});
