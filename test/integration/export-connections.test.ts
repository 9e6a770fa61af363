import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { canary, emptyDirectory, runEvertoken, runInProcess } from "../e2e/evertoken-command.ts";
import { patch } from "../support/drive.ts";
import { createRig, type Rig, until } from "../support/rig.ts";

const path = async () => join(await emptyDirectory(), "out.jsonl");
const run = (rig: Rig, ...args: string[]) => runInProcess(["connections", ...args], { env: rig.env });

async function stored({ pool }: Rig) {
  const columns = `user_id, provider, registration, external_account_id, display_name, user_email, auth_type, token_type, scopes,
    expires_at, refresh_token_expires_at, metadata, tags`;
  return (await pool.query(`SELECT ${columns} FROM connections ORDER BY user_id, external_account_id`)).rows;
}

async function filled(): Promise<Rig> {
  const rig = await createRig({ env: { LOG_LEVEL: "error" } });
  const one = (n: number, more: object) =>
    rig.client.connections.import({
      ...{ userId: `u${n}`, provider: "acme", externalAccountId: `${n}`, accessToken: `${canary}-a${n}` },
      ...{ refreshToken: `${canary}-r${n}`, expiresAt: new Date(Date.now() + 3_600_000), ...more },
    });
  await one(1, {
    scopes: ["a", "b"],
    displayName: "Ada",
    userEmail: "ada@example.com",
    metadata: { shop: "blue" },
    tags: ["gold"],
    tokenType: "bearer",
  });
  await one(2, { refreshTokenExpiresAt: new Date(Date.now() + 86_400_000) });
  await one(3, { refreshToken: null, expiresAt: "never" });
  await one(4, { provider: "github-pat", refreshToken: null, expiresAt: "never" });
  return rig;
}

test("what is exported with tokens is imported elsewhere as it was, and can be refreshed there", async () => {
  const [from, to] = [await filled(), await createRig({ env: { LOG_LEVEL: "error" } })];
  const file = await path();
  const told = await run(from, "export", file, "--with-tokens", "--json");
  expect(JSON.parse(told.stdout)).toEqual({ file, withTokens: true, exported: 4, refreshing: 0, unreadable: [] });
  expect(told.stderr).toContain("in plain");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const taken = await run(to, "import", file, "--json");
  expect(JSON.parse(taken.stdout)).toMatchObject({ imported: 4, refused: 0 });
  expect(await stored(to)).toEqual(await stored(from));
  for (const n of [1, 2, 3]) {
    const { accessToken } = await to.client.getAccessToken({ userId: `u${n}`, provider: "acme" });
    expect(accessToken).toBe(`${canary}-a${n}`);
  }
  const { rows } = await from.pool.query("SELECT actor, detail FROM audit_log WHERE action = 'connections.exported'");
  expect(rows).toEqual([
    {
      actor: expect.stringMatching(/^host:./),
      detail: { withTokens: true, provider: null, tag: null, ofOneUser: false },
    },
  ]);
});

test("without the flag no token leaves, not even encrypted", async () => {
  const rig = await filled();
  const { code, stdout, stderr } = await run(rig, "export");
  expect(code).toBe(0);
  expect(stdout.trim().split("\n")).toHaveLength(4);
  expect(`${stdout}${stderr}`).not.toMatch(/canary|v[12]\.|"(access|refresh)Token"/);
});

test("one provider's, one user's; not those that wait for their user, are disconnected or derived", async () => {
  const rig = await filled();
  const exported = async (...args: string[]) => {
    const { stdout } = await run(rig, "export", ...args);
    return stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line).userId)
      .sort();
  };
  expect(await exported("--provider", "github-pat")).toEqual(["u4"]);
  expect(await exported("--user", "u2")).toEqual(["u2"]);
  const { rows } = await rig.pool.query("SELECT id FROM connections ORDER BY user_id");
  await patch(rig, rows[0].id, "status = 'needs_reauth'");
  await patch(rig, rows[1].id, "status = 'disconnected'");
  await patch(rig, rows[2].id, "auth_type = 'derived'");
  expect(await exported()).toEqual(["u4"]);
});

test("one that does not open is left out and named; one that is being refreshed is told", async () => {
  const rig = await filled();
  const { rows } = await rig.pool.query("SELECT id, access_token FROM connections ORDER BY user_id");
  await patch(rig, rows[0].id, `access_token = '${rows[1].access_token}'`);
  await patch(rig, rows[1].id, `lease_owner = '${randomUUID()}', lease_until = now() + interval '1 minute'`);
  const { code, stdout, stderr } = await run(rig, "export", await path(), "--with-tokens", "--json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ exported: 3, refreshing: 1, unreadable: [rows[0].id] });
  expect(stderr).toContain("stop the workers");
});

test("more than a page, each once", async () => {
  const rig = await createRig({ env: { LOG_LEVEL: "error" } });
  await rig.pool.query(
    `INSERT INTO connections (id, user_id, provider, external_account_id, updated_at)
     SELECT gen_random_uuid(), 'u' || n, 'acme', 'a', now() FROM generate_series(1, 3500) n`,
  );
  const { stdout } = await runEvertoken(["connections", "export"], { env: rig.env });
  expect(new Set(stdout.trim().split("\n")).size).toBe(3500);
});

test("Ctrl-C: a part does not stay to pass for all, and a second run writes the file", async () => {
  const rig = await filled();
  const file = await path();
  const locking = await rig.pool.connect();
  try {
    await locking.query("BEGIN; LOCK TABLE connections IN ACCESS EXCLUSIVE MODE");
    const stopped = run(rig, "export", file, "--with-tokens");
    const waiting =
      "SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    await until("it waits for its rows", async () => (await rig.pool.query(waiting)).rowCount === 1);
    expect(existsSync(file)).toBe(true);
    process.emit("SIGTERM", "SIGTERM");
    await locking.query("COMMIT");
    expect(await stopped).toMatchObject({
      code: 143,
      stderr: expect.stringContaining(`stopped after 0: ${file} was removed`),
    });
  } finally {
    locking.release(true);
  }
  expect(existsSync(file)).toBe(false);
  expect(await run(rig, "export", file, "--with-tokens")).toMatchObject({ code: 0 });
});

test("a file that is there stays, and tokens go nowhere by accident", async () => {
  const rig = await filled();
  const file = await path();
  await writeFile(file, "mine");
  expect(await run(rig, "export", file)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("is there already"),
  });
  expect(readFileSync(file, "utf8")).toBe("mine");
  expect(await run(rig, "export", "--with-tokens")).toMatchObject({ code: 2 });
  expect(await run(rig, "export", "--json")).toMatchObject({ code: 2 });
  expect(await run(rig, "export", "--provider", "acmee")).toMatchObject({ code: 1 });
});
