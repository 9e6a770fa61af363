import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { allCommands, askEvertoken, canary, runEvertoken, runInProcess } from "./evertoken-command.ts";

let rig: Rig;
let known: string;
beforeAll(async () => {
  rig = await createRig({ server: { marker: canary } });
  known = (await rig.connect()).id;
});

const unknown = "00000000-0000-4000-8000-000000000000";

describe("usage", () => {
  test.each([
    { args: ["refresh"], says: "name a connection" },
    { args: ["refresh", unknown, "--all"], says: "not both" },
    { args: ["refresh", "--all", "--force"], says: "--force" },
    { args: ["refresh", "--all", "--expiring", "1h"], says: "cannot be used with" },
    { args: ["refresh", unknown, "--dry-run"], says: "--dry-run" },
    { args: ["refresh", "--expiring", "soon"], says: '"soon" is not a length of time' },
    { args: ["connections", "list", "--limit", "0"], says: "whole number from 1 to 1000" },
    { args: ["connections", "list", "--status", "fine"], says: "Allowed choices" },
    { args: ["nonsense"], says: "unknown command" },
    { args: ["log", unknown, "more"], says: "too many arguments" },
    { args: ["start", "--accounts", "-1"], says: "argument" },
  ])("$args: exit code 2, and why", async ({ args, says }) => {
    const { code, stdout, stderr } = await runInProcess(args, { env: rig.env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
    const json = await runInProcess([...args, "--json"], { env: rig.env });
    expect({ code: json.code, answer: JSON.parse(json.stdout) }).toMatchObject({
      code: 2,
      answer: { error: { code: "wrong_usage", message: expect.any(String) } },
    });
  });

  test("every command refuses an option that it does not have, and a missing argument, in a pipe and in a terminal", async () => {
    for (const command of await allCommands()) {
      const words = command.split(" ");
      const { stdout } = await runInProcess([...words, "--help"]);
      const needed = /^Usage: .*?(<[^>]+>)/m.test(stdout);
      for (const terminal of [false, true]) {
        for (const args of [[...words, "--nonsense"], ...(needed ? [words] : [])]) {
          const ended = await runInProcess(args, { env: rig.env, terminal });
          expect({ args, ...ended }).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^error: /) });
          const { answer } = { answer: JSON.parse((await runInProcess([...args, "--json"], { terminal })).stdout) };
          expect(answer).toMatchObject({ error: { code: "wrong_usage" } });
        }
      }
    }
  });

  test("the version is told", async () => {
    const { code, stdout } = await runEvertoken(["--version"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  test("help states the exit codes", async () => {
    const { code, stdout } = await runEvertoken(["--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Exit codes: 0 done, 1 failed");
  });
});

describe("what is not there", () => {
  const commands = [
    ["connections", "show"],
    ["connections", "disconnect"],
    ["refresh"],
    ["schedule-now"],
    ["status"],
    ["log"],
  ];
  test.each(
    commands.flatMap((command) => [
      [...command, unknown],
      [...command, "nonsense"],
    ]),
  )("%s %s %s", async (...args) => {
    const words = args.filter((word) => word !== undefined);
    const { code, stdout } = await runInProcess([...words, "--json"], { env: rig.env });
    const answer = JSON.parse(stdout);
    expect({ code, answer }).toMatchObject({ code: 1, answer: { error: { code: "connection_not_found" } } });
  });

  test("a provider that nobody knows", async () => {
    for (const args of [
      ["connections", "list"],
      ["refresh", "--all"],
    ]) {
      const { code, stderr } = await runEvertoken([...args, "--provider", "hubspt"], { env: rig.env });
      expect(code).toBe(1);
      expect(stderr).toBe('evertoken: there is no provider "hubspt": see `evertoken providers` (unknown_provider)\n');
    }
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "userId,provider\n1,2"],
    ["not an object", '["text", 1, null]'],
    ["an array that is cut off", `[{"userId":"a","provider":"acme","accessToken":"${canary}"`],
  ])("import: %s", async (_, input) => {
    const { code, stderr } = await runEvertoken(["connections", "import"], { env: rig.env, input });
    expect(code).toBe(1);
    expect(stderr).toMatch(/invalid_input/);
  });

  test("import: a file that is missing", async () => {
    const { code, stderr } = await runEvertoken(["connections", "import", "missing.json"], { env: rig.env });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "evertoken: missing.json cannot be read (ENOENT) (invalid_input)\n",
    });
  });
});

describe("settings", () => {
  test("every fault is named at once, and no value", async () => {
    const env = {
      ...rig.env,
      DATABASE_URL: "mysql://secret",
      REDIS_URL: "",
      LEASE_MS: "soon",
      ENCRYPTION_KEY: "secret",
    };
    const { code, stderr } = await runEvertoken(["status"], { env });
    expect(code).toBe(1);
    for (const name of ["DATABASE_URL", "REDIS_URL", "LEASE_MS", "ENCRYPTION_KEY"]) expect(stderr).toContain(name);
    expect(stderr).not.toContain("secret");
    const json = await askEvertoken(["status"], { env });
    expect(json.answer.error).toMatchObject({ code: "wrong_settings", faults: { length: 4 } });
  });

  test("none at all: where to look for them", async () => {
    const { code, stderr } = await runEvertoken(["status"]);
    expect(code).toBe(1);
    expect(stderr).toContain("DATABASE_URL is missing");
    expect(stderr).toContain("in the directory where `evertoken start` runs");
  });

  test("a key that does not open what is stored is refused before anything is written", async () => {
    const env = { ...rig.env, ENCRYPTION_KEY: randomBytes(32).toString("hex") };
    const input = JSON.stringify({ userId: "wrong-key", provider: "acme", accessToken: `${canary}-x` });
    expect((await runEvertoken(["connections", "import"], { env, input })).code).toBe(1);
    expect((await runEvertoken(["refresh", known], { env })).code).toBe(1);
    expect((await rig.row(known)).generation).toBe(1);
    const { rowCount } = await rig.pool.query("SELECT FROM connections WHERE user_id = 'wrong-key'");
    expect(rowCount).toBe(0);
  });

  test("Postgres away: every command says so within seconds, without its password", async () => {
    const env = { ...rig.env, DATABASE_URL: "postgresql://user:hush@127.0.0.1:1/none" };
    const commands = [
      ["status"],
      ["status", known],
      ["connections", "list"],
      ["reconcile"],
      ["refresh", known],
      ["migrate"],
    ];
    for (const args of commands) {
      const { code, answer } = await askEvertoken(args, { env });
      expect({ code, answer }).toMatchObject({ code: 1, answer: { error: { code: "store_unavailable" } } });
      expect(JSON.stringify(answer)).not.toContain("hush");
    }
  });

  test("Redis away: what needs it says so, what does not goes on", async () => {
    const env = { ...rig.env, REDIS_URL: "redis://127.0.0.1:1" };
    expect((await askEvertoken(["schedule-now", known], { env })).answer.error.code).toBe("queue_unavailable");
    expect((await askEvertoken(["reconcile"], { env })).answer.error.code).toBe("queue_unavailable");
    expect((await askEvertoken(["status", known], { env })).answer).toMatchObject({
      status: "connected",
      job: "unknown",
    });
    expect((await runEvertoken(["connections", "list"], { env })).code).toBe(0);
  });
});
