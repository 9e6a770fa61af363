import { spawn } from "node:child_process";
import { createCipheriv, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askEvertoken, canary, emptyDirectory, runEvertoken, runInProcess } from "../e2e/evertoken-command.ts";
import { inherited } from "../support/inherited.ts";
import { programFile } from "../support/programs.ts";
import { createRig, type Rig, until } from "../support/rig.ts";

const row = (n: number, more: object = {}) =>
  JSON.stringify({
    userId: `u${n}`,
    provider: "acme",
    accessToken: `${canary}-a${n}`,
    refreshToken: `${canary}-r${n}`,
    ...more,
  });

async function fileOf(lines: readonly string[]): Promise<string> {
  const file = join(await emptyDirectory(), "rows.jsonl");
  await writeFile(file, lines.join("\n"));
  return file;
}

const stored = async ({ pool }: Rig) => (await pool.query("SELECT FROM connections")).rowCount as number;

/** Starts an import and kills it when so many rows are stored. */
async function killedAt(rig: Rig, file: string, rows: number): Promise<void> {
  const env = { ...inherited(), ...rig.env };
  const child = spawn(process.execPath, [programFile("evertoken"), "connections", "import", file], {
    env,
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  await until("it is under way", async () => (await stored(rig)) >= rows, 60_000);
  child.kill("SIGKILL");
  await exited;
}

test("two thousand rows: killed in the middle, resumed, bad rows told by line, none half stored, none twice", {
  timeout: 240_000,
}, async () => {
  const rig = await createRig({ env: { LOG_LEVEL: "error" } });
  const lines = Array.from({ length: 2000 }, (_, n) => row(n + 1));
  const bad = new Map([
    [7, `{"userId":"u7","accessToken":"${canary}`],
    [300, row(300, { provider: "nobody" })],
    [1800, row(1800, { expiresIn: -1 })],
    [1999, row(1)],
  ]);
  for (const [line, text] of bad) lines[line - 1] = text;
  const file = await fileOf(lines);
  await killedAt(rig, file, 1000);
  const progress = `${file}.import-progress`;
  const kept = readFileSync(progress, "utf8");
  expect(kept).not.toContain(canary);
  const { done } = JSON.parse(kept);
  expect(done).toBeGreaterThan(500);
  expect(done % 200).toBe(0);

  // What was refreshed or reconnected since the kill is newer than the file.
  const after = await stored(rig);
  expect(after).toBeGreaterThanOrEqual(done - 2);
  await rig.pool.query("UPDATE connections SET generation = 7 WHERE user_id LIKE 'u%'");

  const anew = await runEvertoken(["connections", "import", file], { env: rig.env });
  expect(anew).toMatchObject({ code: 1 });
  expect(anew.stderr).toContain("--resume");
  const { code, answer } = await askEvertoken(["connections", "import", file, "--resume"], { env: rig.env });
  expect(code).toBe(1);
  expect(answer).toMatchObject({ reconnected: 0, resumedAfter: done });
  expect(answer.imported + answer.skipped).toBe(1996);
  expect(answer.bad.map(({ line }: { line: number }) => line)).toEqual([...bad.keys()]);
  expect(existsSync(progress)).toBe(false);
  expect(await stored(rig)).toBe(1996);
  const { rows } = await rig.pool.query(
    "SELECT generation, count(*)::int AS count FROM connections GROUP BY 1 ORDER BY 1",
  );
  expect(rows).toEqual([
    { generation: 1, count: 1996 - after },
    { generation: 7, count: after },
  ]);
  expect(
    (await rig.pool.query("SELECT FROM connections WHERE access_token IS NULL OR refresh_token IS NULL")).rowCount,
  ).toBe(0);
  // The kill may have come between a row and its job: these, eight at most, are reconcile's.
  expect(await rig.queues.refreshQueue("acme").getDelayedCount()).toBeGreaterThanOrEqual(1996 - 8);
});

test("Ctrl-C: what is stored by then is counted and said, and a second run goes on with the rest", async () => {
  const rig = await createRig({ env: { LOG_LEVEL: "error" } });
  const rows = 2000;
  const file = await fileOf(Array.from({ length: rows }, (_, n) => row(n + 1)));
  const stopped = runInProcess(["connections", "import", file], { env: rig.env });
  await until("it is under way", async () => (await stored(rig)) >= 50, 60_000);
  process.emit("SIGINT", "SIGINT");
  const { code, stderr } = await stopped;
  const before = await stored(rig);
  expect(before).toBeLessThan(rows);
  expect({ code, stderr }).toEqual({
    code: 130,
    stderr: expect.stringContaining(`stopped: ${before} rows are done: ${before} imported, 0 reconnected`),
  });
  const { answer } = await askEvertoken(["connections", "import", file, "--resume"], { env: rig.env });
  expect(answer).toMatchObject({ imported: rows, skipped: 0, refused: 0, resumedAfter: before });
  expect(await stored(rig)).toBe(rows);
});

test("a file that changed since, one that was never begun, and a pipe cannot be resumed", async () => {
  const rig = await createRig({ env: { LOG_LEVEL: "error" } });
  const file = await fileOf(Array.from({ length: 3000 }, (_, n) => row(n + 1)));
  const resume = (path: string) => runEvertoken(["connections", "import", path, "--resume"], { env: rig.env });
  expect((await resume(file)).stderr).toContain("nothing to resume");
  await killedAt(rig, file, 300);
  await writeFile(file, row(1));
  const before = await stored(rig);
  expect((await resume(file)).stderr).toContain("has changed");
  expect(await stored(rig)).toBe(before);
  expect(await runEvertoken(["connections", "import", "--resume"], { env: rig.env, input: row(1) })).toMatchObject({
    code: 2,
  });
});

test("legacy rows, encrypted by another system, are opened with its key; what does not open is a bad row", async () => {
  const rig = await createRig({ env: { LOG_LEVEL: "error" } });
  const key = randomBytes(32);
  const seal = (plain: string, ivBytes: number) => {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv("aes-256-gcm", key, iv);
    const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
    return [iv, cipher.getAuthTag(), body].map((part) => part.toString("hex")).join(":");
  };
  const legacy = (n: number, iv: number) =>
    row(n, { accessToken: seal(`${canary}-a${n}`, iv), refreshToken: seal(`${canary}-r${n}`, iv) });
  const altered = JSON.parse(legacy(3, 12));
  altered.refreshToken = altered.refreshToken.replace(/.$/, (digit: string) => (digit === "0" ? "1" : "0"));
  const file = await fileOf([
    legacy(1, 12),
    legacy(2, 16),
    JSON.stringify(altered),
    row(4),
    row(5, { encrypted: false }),
  ]);
  const keyFile = join(await emptyDirectory(), "legacy.key");
  await writeFile(keyFile, `${key.toString("hex")}\n`);
  const { code, answer } = await askEvertoken(["connections", "import", file, "--legacy-key-file", keyFile], {
    env: rig.env,
  });
  expect(code).toBe(1);
  expect(answer.bad.map(({ line, code }: { line: number; code: string }) => [line, code])).toEqual([
    [3, "unreadable_token"],
    [4, "invalid_input"],
  ]);
  expect(JSON.stringify(answer)).not.toContain(key.toString("hex"));
  expect(await stored(rig)).toBe(3);
  for (const n of [1, 2, 5]) {
    const token = await rig.client.getAccessToken({ userId: `u${n}`, provider: "acme" });
    expect(token.accessToken).toBe(`${canary}-a${n}`);
  }
});
