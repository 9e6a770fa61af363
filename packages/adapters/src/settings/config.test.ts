import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { isGuessable } from "../encryption-key.ts";
import { ConfigError, readConfig } from "./config.ts";

const key = randomBytes(32).toString("hex");
const needed = {
  DATABASE_URL: "postgresql://user:s3cret@db.internal/evertoken",
  REDIS_URL: "redis://:s3cret@redis.internal:6379/1",
  ENCRYPTION_KEY: key,
};
const noFile = (path: string): string => {
  throw new Error(`no file ${path}`);
};

test("three settings are enough; times have their defaults", () => {
  const { config, faults } = readConfig(needed, noFile);
  expect(faults).toEqual([]);
  expect(config).toMatchObject({
    timing: { marginMs: 300_000, quickRetryMs: 1000, quickRetries: 3, retryMs: 300_000, giveUpAfterMs: 2_592_000_000 },
    lease: { leaseMs: 60_000 },
    request: { timeoutMs: 30_000, allowPrivateAddresses: false },
    concurrency: { refresh: 50, notifications: 10, maintenance: 1 },
    schedules: { reconcile: "* * * * *", sweep: "*/5 * * * *", dailySweep: "0 2 * * *", timeZone: "UTC" },
    keepLogDays: 90,
    keepGrantedDays: 7,
  });
});

test("all faults are named at once, and no value of a secret", () => {
  const { faults } = readConfig(
    {
      DATABASE_URL: "mysql://user:s3cret@db/evertoken",
      ENCRYPTION_KEY: "not-hex-s3cret",
      LEASE_MS: "soon",
      REFRESH_CONCURRENCY: "0",
      LOG_LEVEL: "loud",
      SWEEP_CRON: "every day",
      SCHEDULE_TIME_ZONE: "Middle/Earth",
      EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "yes",
    },
    noFile,
  );
  const named = faults.map((fault) => fault.split(" ")[0]);
  expect(named.sort()).toEqual([
    "DATABASE_URL",
    "ENCRYPTION_KEY",
    "EVERTOKEN_ALLOW_PRIVATE_ADDRESSES",
    "LEASE_MS",
    "LOG_LEVEL",
    "REDIS_URL",
    "REFRESH_CONCURRENCY",
    "SCHEDULE_TIME_ZONE",
    "SWEEP_CRON",
  ]);
  expect(faults.join("\n")).not.toContain("s3cret");
  expect(new ConfigError(faults).message).toContain("9 wrong settings");
});

test.each(["-1", "1.5", "1e3", "0x10", "10 ms", "99999999999999999999"])("REFRESH_MARGIN_MS=%s is refused", (value) => {
  expect(readConfig({ ...needed, REFRESH_MARGIN_MS: value }, noFile).faults).toHaveLength(1);
});

test("an empty setting counts as none, and space around a value is dropped", () => {
  const { config, faults } = readConfig({ ...needed, LEASE_MS: "  ", LOG_LEVEL: " warn " }, noFile);
  expect([faults, config.lease.leaseMs, config.logLevel]).toEqual([[], 60_000, "warn"]);
});

test("secrets are read from files as well, but not from both", () => {
  const { ENCRYPTION_KEY: _, ...rest } = needed;
  const files = { ...rest, ENCRYPTION_KEY_FILE: "/run/secrets/key" };
  expect(readConfig(files, () => `${key}\n`)).toMatchObject({ config: { encryptionKeys: [key] }, faults: [] });
  expect(readConfig(files, noFile).faults).toEqual([
    expect.stringContaining("/run/secrets/key cannot be read"),
    expect.stringContaining("ENCRYPTION_KEY is missing"),
  ]);
  const both = readConfig({ ...files, ENCRYPTION_KEY: key }, () => key);
  expect(both.faults[0]).toContain("keep one");
});

test("an empty key file is no key", () => {
  const { ENCRYPTION_KEY: _, ...rest } = needed;
  expect(readConfig({ ...rest, ENCRYPTION_KEY_FILE: "/empty" }, () => "\n").faults).not.toEqual([]);
});

test("a ring of keys", () => {
  const young = randomBytes(32).toString("hex");
  expect(readConfig({ ...needed, ENCRYPTION_KEY: `${young}, ${key}` }, noFile).config.encryptionKeys).toEqual([
    young,
    key,
  ]);
  expect(readConfig({ ...needed, ENCRYPTION_KEY: `${young},${key.slice(1)}` }, noFile).faults).toHaveLength(1);
});

test.each([
  ["zeros", "0".repeat(64)],
  ["one byte", "ab".repeat(32)],
  ["a short piece over and over", "0123456789abcdef".repeat(4)],
  ["a counted row", Buffer.from(Array.from({ length: 32 }, (_, at) => at + 3)).toString("hex")],
  ["a text", Buffer.from("correct horse battery staple it is").subarray(0, 32).toString("hex")],
])("a key of %s encrypts nothing, and may go on opening behind another one", (_, guessable) => {
  const faultsOf = (ring: string) => readConfig({ ...needed, ENCRYPTION_KEY: ring }, noFile).faults;
  expect(faultsOf(guessable)).toEqual([expect.stringMatching(/^ENCRYPTION_KEY can be guessed: .*keys rotate/)]);
  expect(faultsOf(`${key},${guessable}`)).toEqual([]);
});

test("no key that was drawn is taken for one that can be guessed", () => {
  for (let drawn = 0; drawn < 10_000; drawn++) expect(isGuessable(randomBytes(32).toString("hex"))).toBe(false);
});

test.each([
  ["false", false],
  ["1", 1],
  ["10.0.0.0/8, 192.0.2.7", ["10.0.0.0/8", "192.0.2.7"]],
  ["2001:db8::/32", ["2001:db8::/32"]],
])("a proxy is believed by number or network: %s", (given, trusted) => {
  const { config, faults } = readConfig({ ...needed, API_TRUST_PROXY: given, DASHBOARD_TRUST_PROXY: given }, noFile);
  expect(faults).toEqual([]);
  expect([config.api.trustProxy, config.dashboard.trustProxy]).toEqual([trusted, trusted]);
});

test.each(["true", "0.0.0.0/0", "::/0", "0.0.0.0/1,128.0.0.0/1", "*", "10.0.0.0/33", "proxy.internal", "-1"])(
  "nobody is believed for %s, and what to write is said",
  (given) => {
    const { config, faults } = readConfig({ ...needed, API_TRUST_PROXY: given, DASHBOARD_TRUST_PROXY: given }, noFile);
    expect(faults).toEqual([
      expect.stringMatching(/^DASHBOARD_TRUST_PROXY.*write how many proxies/),
      expect.stringMatching(/^API_TRUST_PROXY.*10\.0\.0\.0\/8/),
    ]);
    expect([config.api.trustProxy, config.dashboard.trustProxy]).toEqual([false, false]);
  },
);

test("a lease lasts as long as the request may take, with time to open, to commit or keep, and to round", () => {
  const faultsOf = (env: Record<string, string>) => readConfig({ ...needed, ...env }, noFile).faults;
  const tooShort = [
    expect.stringMatching(/^LEASE_MS needs to be 60000 or more \(REQUEST_TIMEOUT_MS and LEASE_RESERVE_MS/),
  ];
  expect(faultsOf({ REQUEST_TIMEOUT_MS: "45000", LEASE_MS: "59999" })).toEqual(tooShort);
  expect(faultsOf({ REQUEST_TIMEOUT_MS: "45000", LEASE_MS: "60000" })).toEqual([]);
  expect(faultsOf({ REQUEST_TIMEOUT_MS: "50000" })).toHaveLength(1);
  expect(faultsOf({ REQUEST_TIMEOUT_MS: "50000", LEASE_RESERVE_MS: "10000" })).toEqual([]);
});

test.each(["/a;b", "/a/../b", "/a/.", "/a%2fb", "/a%5Cb", "/%2e%2e/b", "/%3b", "/a\\b", "/%00"])(
  "the path %s may be read in several ways and is not stored as allowed",
  (path) => {
    const address = `https://app.example${path}`;
    const { faults } = readConfig({ ...needed, RETURN_URL_ALLOWLIST: address }, noFile);
    expect(faults).toEqual([expect.stringContaining(`RETURN_URL_ALLOWLIST: "${address}" is not an address`)]);
  },
);

test("a setting that several parts read is wrong once", () => {
  const { faults } = readConfig({ ...needed, PUBLIC_URL: "nonsense" }, noFile);
  expect(faults).toEqual([expect.stringContaining('PUBLIC_URL: "nonsense" is not an address')]);
});
