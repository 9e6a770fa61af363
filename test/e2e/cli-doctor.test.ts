import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { createRig, type Env, type Rig } from "../support/rig.ts";
import { startOwnRedis } from "../support/services.ts";
import { askEvertoken, canary, runEvertoken } from "./evertoken-command.ts";

let rig: Rig;
beforeAll(async () => {
  const redis = await startOwnRedis();
  rig = await createRig({ redisUrl: redis.url, server: { marker: canary } });
  await rig.connect();
});

const kept = {
  ...{ connectionId: "one", generation: 1, provider: "acme" },
  transition: { kind: "store", expiresAt: null, refreshTokenExpiresAt: null, nextRefreshAt: null, events: [] },
  log: { outcome: "granted", oldExpiresAt: null, at: new Date() },
};

interface Finding {
  readonly check: string;
  readonly result: "ok" | "warn" | "fail";
  readonly detail: string;
  readonly advice: string | null;
}

async function examine(changes: Env = {}) {
  const { code, answer } = await askEvertoken(["doctor"], { env: { ...rig.env, ...changes } });
  const findings: Finding[] = answer.findings;
  return {
    code,
    healthy: answer.healthy,
    findings,
    of: (check: string) => findings.filter((each) => each.check === check),
  };
}

test("all is well", async () => {
  const { code, healthy, findings } = await examine();
  expect(findings.filter(({ result }) => result !== "ok")).toEqual([]);
  expect({ code, healthy }).toEqual({ code: 0, healthy: true });
  const people = await runEvertoken(["doctor"], { env: rig.env });
  expect(people.stdout).toMatch(/^ok +settings/);
});

test("wrong settings do not hide what else is wrong", async () => {
  const { code, of } = await examine({
    LEASE_MS: "soon",
    SWEEP_CRON: "never",
    DATABASE_URL: "postgresql://u:hush@127.0.0.1:1/x",
  });
  expect(code).toBe(1);
  expect(of("settings").map(({ result }) => result)).toEqual(["fail", "fail"]);
  expect(of("database")).toMatchObject([{ result: "fail", advice: expect.stringContaining("DATABASE_URL") }]);
  expect(of("redis")).toMatchObject([{ result: "ok" }]);
});

test("settings that nothing reads and that look like ours are warned of, and those of other programs are not", async () => {
  const misspelt = { REDIS_URI: "redis://other", ACME_CLIENT_SECRT: "hush", ACME_REVOKE_ULR: "https://acme.example" };
  const { code, of } = await examine({
    ...misspelt,
    ACME_REGION: "eu",
    HUBSPOT_CLIENT_SECRT: "of a provider not in use",
  });
  expect(code).toBe(0);
  expect(of("settings").map(({ result, detail, advice }) => [result, detail.split(" ")[0], advice])).toEqual([
    ["ok", "all", null],
    ["warn", "REDIS_URI", "did you mean REDIS_URL?"],
    ["warn", "ACME_CLIENT_SECRT", "did you mean ACME_CLIENT_SECRET?"],
    ["warn", "ACME_REVOKE_ULR", "did you mean ACME_REVOKE_URL?"],
  ]);
  expect(JSON.stringify(of("settings"))).not.toContain("hush");
});

test("what is switched off for a while after an upgrade", async () => {
  const { code, of } = await examine({ CONNECT_CONFIRM: "off", CONNECT_SHARED_CALLBACK: "true" });
  expect(code).toBe(0);
  expect(of("connecting")).toMatchObject([
    { result: "warn", detail: expect.stringContaining("CONNECT_CONFIRM is off") },
    { result: "warn", advice: expect.stringContaining("/connect/callback/<provider>") },
  ]);
});

test.runIf(process.platform === "linux")("a spool that cannot be written", async () => {
  const readOnly = "/sys/spool"; // nobody makes a directory there, root included
  const { code, of } = await examine({ SPOOL_DIR: readOnly });
  expect(code).toBe(1);
  expect(of("spool")).toMatchObject([{ result: "fail", detail: expect.stringContaining("cannot be written (E") }]);
  const worker = await rig.start("worker", { SPOOL_DIR: readOnly });
  expect(worker.output()).toContain("SPOOL_DIR cannot be written");
  expect(await worker.stop()).toBe(0);
});

test("a key that is not the one in use, and looking registers none", async () => {
  const { code, of } = await examine({ ENCRYPTION_KEY: randomBytes(32).toString("hex") });
  expect(code).toBe(1);
  expect(of("encryption keys")).toMatchObject([{ result: "fail", advice: expect.stringContaining("ENCRYPTION_KEY") }]);
  const { rowCount } = await rig.pool.query("SELECT FROM encryption_keys");
  expect(rowCount).toBe(1);
});

test("a database without tables", async () => {
  const { code, of } = await examine({ DATABASE_URL: (rig.env.DATABASE_URL ?? "").replace(/\/[^/]*$/, "/postgres") });
  expect(code).toBe(1);
  expect(of("migrations")).toMatchObject([{ result: "fail", advice: "run `evertoken migrate`" }]);
});

test("Redis away, and Redis that evicts", async () => {
  const away = await examine({ REDIS_URL: "redis://127.0.0.1:1" });
  expect(away.code).toBe(1);
  expect(away.of("redis")).toMatchObject([{ result: "fail" }]);
  const evicting = await startOwnRedis({ "maxmemory-policy": "allkeys-lru", hz: "10" });
  const { code, of } = await examine({ REDIS_URL: evicting.url });
  expect(code).toBe(1);
  expect(of("redis").map(({ result, advice }) => [result, advice])).toEqual([
    ["fail", "set it to noeviction, as in deploy/redis.conf"],
    ["warn", "set it to 100 or more, as in deploy/redis.conf"],
  ]);
});

test("a secret that Basic writes in two ways", async () => {
  const { code, of } = await examine({ ACME_CLIENT_SECRET: "plus+and/slash" });
  const [set, odd] = of("credentials");
  expect([code, set?.result, odd?.result]).toEqual([0, "ok", "warn"]);
  expect(odd).toMatchObject({
    detail: expect.stringContaining("of acme has characters"),
    advice: expect.stringContaining("ACME_CLIENT_AUTH=basic_plain"),
  });
  expect(JSON.stringify(odd)).not.toContain("plus");
  const plain = await examine({ ACME_CLIENT_SECRET: "plus+and/slash", ACME_CLIENT_AUTH: "basic_plain" });
  expect(plain.of("credentials")[1]?.advice).toContain("ACME_CLIENT_AUTH=basic");
  const post = await examine({ ACME_CLIENT_SECRET: "plus+and/slash", ACME_CLIENT_AUTH: "post" });
  expect(post.of("credentials")).toHaveLength(1);
});

test("connections whose provider lost its credentials", async () => {
  const { code, of } = await examine({ ACME_CLIENT_ID: "", ACME_CLIENT_SECRET: "" });
  expect(code).toBe(1);
  expect(of("credentials")[0]).toMatchObject({ result: "fail", advice: "set ACME_CLIENT_ID and _CLIENT_SECRET" });
});

test("refreshes that nobody does, an open circuit and kept token sets are warnings", async () => {
  await rig.pool.query("UPDATE connections SET next_refresh_at = now() - interval '1 hour'");
  await rig.pool.query(
    `INSERT INTO circuits (provider, registration, fingerprint, open, code, reason, opened_at, trouble_since, next_probe_at, round_started_at)
     VALUES ('other', 'default', 'x', true, 'invalid_client', 'HTTP 401', now(), now(), now(), now())`,
  );
  const spool = join(rig.env.SPOOL_DIR ?? "", "kept");
  await mkdir(spool);
  await writeFile(join(spool, "one-1.json"), JSON.stringify(kept));
  const { code, findings, of } = await examine({ SPOOL_DIR: spool });
  expect(findings.filter(({ result }) => result === "fail")).toEqual([]);
  expect(code).toBe(0);
  for (const check of ["refreshes", "circuit", "spool"]) expect(of(check)).toMatchObject([{ result: "warn" }]);
});
