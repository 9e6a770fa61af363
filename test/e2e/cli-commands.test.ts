import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createRig, hasty, type Rig } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";
import { askEvertoken, canary, emptyDirectory, runEvertoken, runInProcess } from "./evertoken-command.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await createRig({ env: hasty, server: { marker: canary } });
});

const run = (args: string[], input?: string) => runInProcess(args, { env: rig.env, ...(input ? { input } : {}) });
async function ask(args: string[], input?: string) {
  const { code, stdout } = await run([...args, "--json"], input);
  return { code, answer: JSON.parse(stdout) };
}

describe("connections", () => {
  test("list, filtered and in pages", async () => {
    const mine = await Promise.all(
      [1, 2, 3].map((n) => rig.connect({ userId: "lister", displayName: `account ${n}` })),
    );
    await rig.connect({ userId: "other" });
    const { code, answer } = await ask(["connections", "list", "--user", "lister"]);
    expect(code).toBe(0);
    expect(answer.map(({ id }: { id: string }) => id).sort()).toEqual(mine.map(({ id }) => id).sort());
    const first = await ask(["connections", "list", "--user", "lister", "--limit", "2"]);
    const rest = await ask(["connections", "list", "--user", "lister", "--after", first.answer[1].id]);
    expect([first.answer.length, rest.answer.length]).toEqual([2, 1]);
    const people = await run(["connections", "list", "--user", "lister"]);
    expect(people.stdout).toContain("account 2");
    expect((await ask(["connections", "list", "--status", "error"])).answer).toEqual([]);
    expect((await ask(["connections", "list", "--expiring", "1s"])).answer).toEqual([]);
  });

  test("tags are added, removed and found, and what is none is wrong usage", async () => {
    const { id } = await rig.connect({ userId: "tagged" });
    expect((await ask(["connections", "tag", id.slice(0, 13), "gold", "eu"])).answer.tags).toEqual(["eu", "gold"]);
    expect((await ask(["connections", "tag", id, "us", "--remove", "eu"])).answer.tags).toEqual(["gold", "us"]);
    const listed = await ask(["connections", "list", "--tag", "us"]);
    expect(listed.answer).toMatchObject([{ id, tags: ["gold", "us"] }]);
    expect((await ask(["status", "--tag", "us"])).answer).toMatchObject({ total: 1, outages: { connections: 0 } });
    expect((await ask(["log", "--tag", "us"])).answer).toEqual([]);
    expect((await run(["connections", "export", "--tag", "us"])).stdout.trim().split("\n")).toHaveLength(1);
    expect((await ask(["connections", "tag", id, "--only"])).answer.tags).toEqual([]);
    for (const wrong of [
      ["tag", id],
      ["tag", id, "A b"],
      ["list", "--tag", "A"],
    ]) {
      expect((await run(["connections", ...wrong])).code).toBe(2);
    }
  });

  test("show has everything but tokens, and no control character reaches the terminal", async () => {
    const { id } = await rig.connect({ displayName: "evil\u001b[2Jname" });
    const { answer } = await ask(["connections", "show", id]);
    expect(answer).toMatchObject({ id, provider: "acme", status: "connected", generation: 1 });
    expect(Object.keys(answer)).not.toEqual(expect.arrayContaining(["accessToken"]));
    const { stdout } = await run(["connections", "show", id]);
    expect(stdout).toContain("evil\\u001b[2Jname");
    expect(stdout).not.toContain("\u001b");
  });

  test("import stores the good rows of a file, and says which lines are bad", async () => {
    const file = join(await emptyDirectory(), "rows.jsonl");
    const row = (userId: string, more: object = {}) =>
      JSON.stringify({
        userId,
        provider: "acme",
        accessToken: `${canary}-a`,
        refreshToken: `${canary}-${userId}`,
        ...more,
      });
    const rows = [
      row("imported-1", { expiresIn: 3600 }),
      `{"userId":"imported-2","accessToken":"${canary}`,
      row("imported-3", { provider: "nobody" }),
      row("imported-4", { expiresAt: "yesterday", surplus: `${canary}` }),
      row("imported-1"),
      row("imported-5", { expiresAt: new Date(Date.now() + 3_600_000) }),
    ];
    await writeFile(file, rows.join("\n"));
    const { code, answer } = await ask(["connections", "import", file]);
    expect(code).toBe(1);
    expect(answer).toMatchObject({ imported: 2, reconnected: 0, skipped: 0 });
    expect(answer.bad.map(({ line, code }: { line: number; code: string }) => [line, code])).toEqual([
      [2, "invalid_input"],
      [3, "unknown_provider"],
      [4, "invalid_input"],
      [5, "invalid_input"],
    ]);
    for (const user of [2, 3, 4]) {
      const { rowCount } = await rig.pool.query("SELECT FROM connections WHERE user_id = $1", [`imported-${user}`]);
      expect(rowCount).toBe(0);
    }
    const [stored] = answer.connections;
    expect(await rig.job(stored)).toMatchObject({ state: "delayed" });
    expect((await run(["connections", "import", file])).stderr).toContain("line 3: ");
  });

  test("import reads an array from standard input, and leaves known accounts alone when told to", async () => {
    const rows = [1, 2].map((n) => ({ userId: `piped-${n}`, provider: "acme", accessToken: `${canary}-${n}` }));
    const first = await ask(["connections", "import"], JSON.stringify(rows, null, 2));
    expect(first).toMatchObject({ code: 0, answer: { imported: 2, bad: [] } });
    const again = await ask(["connections", "import", "--skip-known"], JSON.stringify(rows));
    expect(again).toMatchObject({ code: 0, answer: { imported: 0, skipped: 2 } });
    const over = await ask(["connections", "import"], JSON.stringify(rows));
    expect(over).toMatchObject({ code: 0, answer: { reconnected: 2 } });
  });

  test("disconnect erases the tokens, once", async () => {
    const { id } = await rig.connect();
    expect((await ask(["connections", "disconnect", id, "--yes"])).answer).toEqual({
      connectionId: id,
      disconnected: true,
    });
    expect(await rig.row(id)).toMatchObject({ status: "disconnected", access_token: null, refresh_token: null });
    expect((await ask(["connections", "disconnect", id, "--yes"])).answer.disconnected).toBe(false);
  });
});

describe("what cannot be undone", () => {
  const inTerminal = (args: string[], input: string) => runInProcess(args, { env: rig.env, input, terminal: true });

  test("asks in a terminal, and wants --yes in a pipe", async () => {
    const { id } = await rig.connect({ userId: "erased" });
    const piped = await run(["connections", "disconnect", id]);
    expect(piped).toMatchObject({ code: 2, stderr: expect.stringContaining("add --yes") });
    const no = await inTerminal(["connections", "disconnect", id], "no\n");
    expect(no).toMatchObject({ code: 2, stderr: expect.stringContaining("(acme, user erased)") });
    const closed = await inTerminal(["connections", "disconnect", id], "");
    expect(closed.code).toBe(130);
    expect((await rig.row(id)).status).toBe("connected");
    expect((await inTerminal(["connections", "disconnect", id], "yes\n")).code).toBe(0);
    expect((await rig.row(id)).status).toBe("disconnected");
  });

  test.each([
    [["keys", "revoke", "00000000-0000-4000-8000-000000000000"], "not_found"],
    [["users", "remove", "nobody"], "not_found"],
    [["providers", "remove", "nobody"], "provider_not_found"],
  ])("%s", async (args, code) => {
    expect((await runInProcess(args, { env: rig.env })).stderr).toContain("add --yes");
    const { stdout } = await runInProcess([...args, "--yes", "--json"], { env: rig.env });
    expect(JSON.parse(stdout).error.code).toBe(code);
  });
});

test("the beginning of an id is enough, wherever a connection is named", async () => {
  const [a, b] = [await rig.connect({ userId: "short" }), await rig.connect({ userId: "short" })];
  const [first, second] = ["abcd1234-0000-4000-8000-000000000001", "abcd1234-0000-4000-8000-000000000002"];
  await rig.pool.query("UPDATE connections SET id = $2 WHERE id = $1", [a.id, first]);
  await rig.pool.query("UPDATE connections SET id = $2 WHERE id = $1", [b.id, second]);
  const begun = "abcd1234-0000-4000-8000-000000000001".slice(0, -1);
  for (const args of [
    ["connections", "show"],
    ["status"],
    ["log"],
    ["refresh"],
    ["schedule-now"],
    ["sync"],
    ["release"],
  ]) {
    const several = await runInProcess([...args, "abcd1234"], { env: rig.env });
    expect(several, args.join(" ")).toMatchObject({ code: 2, stderr: expect.stringContaining(`${first}, ${second}`) });
  }
  expect((await ask(["connections", "show", `${begun}2`])).answer.id).toBe(second);
  await rig.pool.query("DELETE FROM connections WHERE id = $1", [second]);
  expect((await ask(["connections", "show", "ABCD1234"])).answer.id).toBe(first);
  expect((await ask(["status", "abcd"])).answer.connectionId).toBe(first);
  expect((await ask(["connections", "list", "--user", "short", "--after", "abcd12"])).answer).toEqual([]);
  const gone = await ask(["connections", "disconnect", "abcd1234-00", "--yes"]);
  expect(gone.answer).toEqual({ connectionId: first, disconnected: true });
  expect((await ask(["connections", "show", "abc"])).answer.error.code).toBe("connection_not_found");
});

describe("top", () => {
  test("one look in a pipe, and as JSON", async () => {
    const { id } = await rig.connect();
    await rig.pool.query("UPDATE connections SET next_refresh_at = '2020-01-01' WHERE id = $1", [id]);
    const { code, stdout } = await runInProcess(["top"], { env: rig.env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^evertoken {2}\S+ {2}\d+ connections\nrunning: app /);
    expect(stdout).not.toContain("\u001b");
    const { stdout: json } = await runInProcess(["top", "--json"], { env: rig.env, terminal: true });
    expect(JSON.parse(json).providers).toMatchObject([{ provider: "acme", late: 1, state: "" }]);
    await ask(["connections", "disconnect", id, "--yes"]);
  });

  test("in a terminal until q, and the screen of before comes back; NO_COLOR is heeded", async () => {
    const drawn = await runInProcess(["top"], { env: rig.env, terminal: true, input: "q" });
    expect(drawn.code).toBe(0);
    expect(drawn.stdout).toContain("\u001b[1mevertoken ");
    expect(drawn.stdout.endsWith("\u001b[?1049l")).toBe(true);
    const plain = await runInProcess(["top"], { env: { ...rig.env, NO_COLOR: "1" }, terminal: true, input: "q" });
    expect(plain.stdout).toContain("evertoken ");
    expect(plain.stdout).not.toContain("\u001b[1m");
  });
});

describe("simulate", () => {
  test("foresees by the connections' own times, asks nobody and changes nothing", async () => {
    const { id } = await rig.connect({ userId: "foreseen" });
    await rig.pool.query(
      `UPDATE connections SET connected_at = now(), last_refresh_at = NULL, expires_at = now() + interval '1 hour',
         next_refresh_at = now() + interval '55 minutes', grant_ends_at = now() + interval '3 hours' WHERE id = $1`,
      [id],
    );
    const before = await rig.row(id);
    const { rows } = await rig.pool.query(
      `SELECT count(*)::int AS n FROM connections WHERE status IN ('connected', 'token_expired') AND next_refresh_at < now() + interval '2 hours'`,
    );
    const { code, answer } = await ask(["simulate", "--for", "2h", "--workers", "2", "--concurrency", "10"]);
    expect({ code, workers: answer.workers }).toEqual({ code: 0, workers: 2 });
    const own = { provider: "acme", connections: rows[0].n, limitPerMinute: null, mostBehindMinutes: 0 };
    expect(answer.providers).toMatchObject([own]);
    const wider = await ask(["simulate", "--for", "2h", "--margin", "25m"]);
    expect(wider.answer.providers[0].refreshes).toBeGreaterThan(answer.providers[0].refreshes);
    expect((await ask(["simulate", "--for", "4h"])).answer.consents).toMatchObject([
      { provider: "acme", connections: 1 },
    ]);
    expect((await run(["simulate", "--for", "4h"])).stdout).toMatch(/PROVIDER +CONNECTIONS[\s\S]*consents at acme end/);
    expect(await rig.row(id)).toEqual(before);
    expect(await rig.log(id)).toEqual([]);
    for (const args of [
      ["--for", "0s"],
      ["--for", "60d"],
      ["--workers", "0"],
      ["--margin", "x"],
    ])
      expect((await run(["simulate", ...args])).code, args.join(" ")).toBe(2);
    await ask(["connections", "disconnect", id, "--yes"]);
  });
});

describe("one connection", () => {
  test("refresh spends the token once and tells the new expiry; log and status show it", async () => {
    const connection = await rig.connect();
    const { code, answer } = await ask(["refresh", connection.id]);
    expect({ code, ...answer }).toMatchObject({ code: 0, refreshed: true, generation: 2, warning: null });
    expect(await rig.server.presentations({ family: connection.family })).toHaveLength(1);
    const log = await ask(["log", connection.id]);
    expect(log.answer).toMatchObject([{ trigger: "manual", outcome: "granted", success: true, generation: 1 }]);
    const status = await ask(["status", connection.id]);
    expect(status.answer).toMatchObject({ status: "connected", token: "valid", job: { state: "delayed" } });
    expect((await run(["status", connection.id])).stdout).toContain("valid");
    expect((await run(["log", connection.id])).stdout).toContain("granted");
  });

  test("a refresh that fails while the old token lives is a failure with a reason", async () => {
    const connection = await rig.connect();
    await rig.server.behave(lies.unavailable(), { family: connection.family });
    const { code, answer } = await ask(["refresh", connection.id]);
    expect(code).toBe(1);
    expect(answer).toMatchObject({ refreshed: false, generation: 1, warning: { code: "provider_unavailable" } });
    expect((await run(["refresh", connection.id, "--force"])).code).toBe(1);
  });

  test("schedule-now makes the connection's own job due", async () => {
    const connection = await rig.connect();
    const { answer } = await ask(["schedule-now", connection.id]);
    expect(answer).toMatchObject({ connectionId: connection.id, jobId: `${connection.id}-1` });
    expect(await rig.job(connection)).toMatchObject({ state: "waiting", data: { trigger: "manual" } });
  });
});

describe("all connections", () => {
  test("reconcile adds a missing job", async () => {
    const connection = await rig.connect();
    await rig.queues.remove("acme", connection.id, 1);
    const { code, answer } = await ask(["reconcile"]);
    expect(code).toBe(0);
    expect(answer.scheduled).toBeGreaterThanOrEqual(1);
    expect(await rig.job(connection)).toMatchObject({ state: "delayed" });
    expect((await ask(["reconcile"])).answer.scheduled).toBe(0);
  });

  test("reconcile removes a job without a connection at once", async () => {
    const id = "00000000-0000-4000-8000-00000000dead";
    await rig.queues.add({ id, provider: "acme", generation: 1, dueAt: new Date(Date.now() + 3_600_000) });
    expect((await ask(["reconcile"])).answer.orphansRemoved).toBe(1);
  });

  test("the overview counts, and names what is overdue", async () => {
    const { id } = await rig.connect();
    await rig.pool.query("UPDATE connections SET next_refresh_at = '2020-01-01' WHERE id = $1", [id]);
    const { answer } = await ask(["status"]);
    expect(answer.total).toBeGreaterThan(0);
    expect(answer.oldestOverdue).toMatchObject({ connectionId: id, provider: "acme" });
    expect((await run(["status"])).stdout).toContain(id);
    await ask(["connections", "disconnect", id, "--yes"]);
  });

  test("a dry run changes nothing; the real one refreshes through a worker, and fails if any did", async () => {
    // Those of the other tests end here, so that this test knows what to expect.
    await rig.pool.query("UPDATE connections SET status = 'disconnected', next_refresh_at = NULL");
    const connections = await Promise.all([1, 2, 3].map(() => rig.connect()));
    const dry = await ask(["refresh", "--expiring", "24h", "--dry-run"]);
    const names = connections.map(({ id }) =>
      expect.objectContaining({ connectionId: id, userId: expect.any(String) }),
    );
    expect(dry).toMatchObject({ code: 0, answer: { dryRun: true, total: 3 } });
    expect(dry.answer.connections).toEqual(expect.arrayContaining(names));
    expect((await run(["refresh", "--all", "--dry-run"])).stdout).toContain(dry.answer.connections[0].userId);
    expect((await ask(["refresh", "--expiring", "1s", "--dry-run"])).answer.total).toBe(0);
    for (const { id } of connections) expect(await rig.log(id)).toEqual([]);

    const worker = await rig.start("worker");
    onTestFinished(async () => void (await worker.stop()));
    const all = await ask(["refresh", "--all", "--provider", "acme"]);
    expect(all).toMatchObject({ code: 0, answer: { total: 3, refreshed: 3, failed: 0, pending: 0 } });

    await rig.server.behave(lies.unavailable(), { family: connections[0]?.family ?? "" });
    const some = await ask(["refresh", "--expiring", "24h"]);
    expect(some).toMatchObject({ code: 1, answer: { total: 3, refreshed: 2, failed: 1 } });
    const why = { connectionId: connections[0]?.id, provider: "acme", code: "provider_unavailable" };
    expect(some.answer.failures).toMatchObject([why]);
    const told = await run(["refresh", "--all"]);
    expect(told.stdout).toMatch(new RegExp(`${connections[0]?.id} +acme .*provider_unavailable`));
  });

  test("without a worker, the wait ends and says so", async () => {
    await rig.connect();
    const { code, stdout } = await run(["refresh", "--all", "--wait", "1s"]);
    expect(code).toBe(1);
    expect(stdout).toContain("is a worker running?");
  });
});

test("providers lists what is known without any database", async () => {
  const { code, answer } = await askEvertoken(["providers"], {
    env: { HUBSPOT_CLIENT_ID: "a", HUBSPOT_CLIENT_SECRET: "b" },
  });
  expect(code).toBe(0);
  const hubspot = answer.find(({ id }: { id: string }) => id === "hubspot");
  expect(hubspot).toMatchObject({ configured: true, lifetimeSeconds: 1800, marginSeconds: 300 });
  expect((await runEvertoken(["providers"])).stdout).toMatch(/spotify +no/);
});

test("migrate needs the database's address and nothing else", async () => {
  const { code, answer } = await askEvertoken(["migrate"], { env: { DATABASE_URL: rig.env.DATABASE_URL ?? "" } });
  expect({ code, answer }).toEqual({ code: 0, answer: { applied: [] } });
});

test("settings come from .env and .evertoken/env as well, the environment first", async () => {
  const { ENCRYPTION_KEY = "", ...others } = rig.env;
  const cwd = await emptyDirectory();
  await writeFile(join(cwd, ".env"), `ENCRYPTION_KEY=${ENCRYPTION_KEY}\nREDIS_URL=nonsense\n`);
  const { code } = await runEvertoken(["status"], { cwd, env: others });
  expect(code).toBe(0);
});
