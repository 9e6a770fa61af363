import { beforeAll, describe, expect, test } from "vitest";
import { createRig, hasty, type Rig } from "../support/rig.ts";
import { askEvertoken, canary, runInProcess } from "./evertoken-command.ts";

const publicUrl = "http://127.0.0.1:9013";

let rig: Rig;
beforeAll(async () => {
  rig = await createRig({
    env: { ...hasty, PUBLIC_URL: publicUrl, RETURN_URL_ALLOWLIST: "https://app.example" },
    server: { marker: canary },
  });
});

const run = (args: string[]) => runInProcess(args, { env: rig.env });
const ask = (args: string[]) => askEvertoken(args, { env: rig.env });
const actions = async () =>
  (await rig.pool.query("SELECT action FROM audit_log WHERE actor LIKE 'host:%' ORDER BY id")).rows.map(
    ({ action }) => action,
  );

test("keys: created, shown once, listed without themselves, revoked, and all of it written down", async () => {
  const { code, answer } = await ask(["keys", "create", "billing", "--scope", "tokens:read", "connections:read"]);
  expect(code).toBe(0);
  expect(answer).toMatchObject({ name: "billing", scopes: ["tokens:read", "connections:read"] });
  expect(answer.key).toMatch(/^evk_[\w-]{43}$/);
  const listed = await run(["keys", "list"]);
  expect(listed.stdout).toContain("billing");
  expect(listed.stdout).not.toContain(answer.key);
  const revoked = await ask(["keys", "revoke", answer.id, "--yes"]);
  expect(revoked.answer).toMatchObject({ id: answer.id, revokedAt: expect.any(String) });
  expect((await run(["keys", "revoke", "nonsense", "--yes"])).stderr).toContain("not_found");
  expect(await actions()).toEqual(["api_key.created", "api_key.revoked"]);
});

test("connect-link leads to the page of this installation, and only back to allowed addresses", async () => {
  const { code, answer } = await ask([
    "connect-link",
    "user-42",
    "--ttl",
    "1h",
    "--return-url",
    "https://app.example/x",
  ]);
  expect(code).toBe(0);
  expect(answer.url).toMatch(`${publicUrl}/connect?link=`);
  expect(Date.parse(answer.expiresAt) - Date.now()).toBeGreaterThan(3_500_000);
  expect((await run(["connect-link", "user-42", "--return-url", "https://evil.example"])).code).toBe(1);
  expect((await run(["connect-link", "user-42", "--provider", "nobody"])).stderr).toContain("unknown_provider");
  const shown = ["--name", "Ada", "--email", "ada@app.example"];
  expect((await run(["connect-link", "user-42", ...shown, "--confirm"])).stderr).toContain("returnUrl");
  const back = ["--return-url", "https://app.example/x"];
  expect((await run(["connect-link", "user-42", ...shown, "--confirm", ...back])).code).toBe(0);
  expect(await ask(["connect-end", "user-42"])).toMatchObject({ code: 0, answer: { endedAt: expect.any(String) } });
  expect((await run(["connect-end", " "])).code).toBe(1);
  expect((await actions()).at(-1)).toBe("connect.sessions_ended");
});

describe("sync", () => {
  test("without a worker it is asked for, and said to be pending", async () => {
    const { id } = await rig.connect();
    expect(await ask(["sync", id, "--wait", "0s"])).toMatchObject({ code: 0, answer: { status: "pending" } });
    expect(await ask(["sync", id, "--wait", "1s"])).toMatchObject({ code: 1, answer: { status: "pending" } });
  });

  test("with a worker it tells how it ended", async () => {
    const { id } = await rig.connect();
    const worker = await rig.start("worker");
    expect(await ask(["sync", id])).toMatchObject({ code: 0, answer: { connectionId: id, status: "success" } });
    await worker.stop();
  });
});

test.each([
  { args: ["keys", "create", "x"], says: "--scope" },
  { args: ["keys", "create", "x", "--scope", "everything"], says: "Allowed choices" },
  { args: ["sync"], says: "missing required argument" },
  { args: ["connect-link", "u", "--ttl", "soon"], says: "length of time" },
])("$args: exit code 2, and why", async ({ args, says }) => {
  const { code, stderr } = await run(args);
  expect(code).toBe(2);
  expect(stderr).toContain(says);
});
