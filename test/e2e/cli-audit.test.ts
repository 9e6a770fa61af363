import { beforeAll, expect, test, vi } from "vitest";
import { addEndpoint } from "../support/events.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRig, hasty, type Rig } from "../support/rig.ts";
import { allCommands, runInProcess } from "./evertoken-command.ts";

vi.setConfig({ testTimeout: 240_000 });

let rig: Rig;
beforeAll(async () => {
  rig = await createRig({ env: hasty });
});

const run = (args: string, input?: string) =>
  runInProcess(args.split(" "), { env: rig.env, ...(input === undefined ? {} : { input }) });

/** Change nothing, or run processes whose work writes its own entries. */
const silent = [
  ...[
    "start",
    "status",
    "top",
    "simulate",
    "completion",
    "webhooks list",
    "webhooks show",
    "connections list",
    "connections show",
    "log",
    "providers list",
    "providers show",
    "providers check",
  ],
  ...["keys list", "users list", "audit", "doctor", "worker", "scheduler", "dashboard", "api"],
  // Before and beside the engine: a schema has no audit log yet.
  "migrate",
  // Touches nothing.
  "hash-password",
];

test("each command that changes something writes who, what and from where; no command is left out", async () => {
  const [a, b] = [await rig.connect(), await rig.connect()];
  const row = JSON.stringify({
    userId: "u",
    provider: "acme",
    externalAccountId: "x",
    refreshToken: "r",
    accessToken: "a",
    expiresIn: 3600,
  });
  const receiver = await addEndpoint(rig, { kind: "webhook", target: (await startReceiver()).url });
  const password = "lantern orchid gravel\n";
  const changing: Record<string, { args: string; input?: string; writes: string }> = {
    refresh: { args: `refresh ${a.id} --force`, writes: "connection.refreshed" },
    "schedule-now": { args: `schedule-now ${a.id}`, writes: "connection.scheduled" },
    sync: { args: `sync ${a.id} --wait 0s`, writes: "sync.requested" },
    "connections import": { args: "connections import", input: `${row}\n`, writes: "connection.imported" },
    "connections export": { args: "connections export -", writes: "connections.exported" },
    "connections tag": { args: `connections tag ${a.id} silver`, writes: "connection.tagged" },
    "connections disconnect": { args: `connections disconnect ${b.id} --yes`, writes: "connection.disconnected" },
    "webhooks test": { args: `webhooks test ${receiver.id}`, writes: "webhook.tested" },
    "webhooks replay": { args: `webhooks replay --failed-of ${receiver.id}`, writes: "webhook.replayed" },
    reconcile: { args: "reconcile", writes: "schedule.reconciled" },
    "keys create": { args: "keys create ci --scope tokens:read", writes: "api_key.created" },
    "keys revoke": { args: "keys revoke --yes", writes: "api_key.revoked" },
    "keys rotate": { args: "keys rotate", writes: "keys.rotated" },
    "users add": { args: "users add ada --role viewer --password-stdin", input: password, writes: "person.added" },
    "users role": { args: "users role ada operator", writes: "person.changed" },
    "users password": { args: "users password ada", writes: "person.password_set" },
    "users disable": { args: "users disable ada", writes: "person.changed" },
    "users enable": { args: "users enable ada", writes: "person.changed" },
    "users reset-code": { args: "users reset-code ada", writes: "person.second_factor_removed" },
    "users remove": { args: "users remove ada --yes", writes: "person.removed" },
    "users log-out": { args: "users log-out", writes: "dashboard.sessions_ended" },
  };
  /** Each with a test of its own that sees its entry. */
  const elsewhere = [
    "connect-link",
    "connect-end",
    "keys adopt",
    "adopt",
    "release",
    "providers add",
    "providers remove",
  ];
  const known = [...silent, ...elsewhere, ...Object.keys(changing)];
  expect((await allCommands()).sort()).toEqual(known.sort());

  for (const [command, { args, input, writes }] of Object.entries(changing)) {
    const { rows: keys } = await rig.pool.query("SELECT id FROM api_keys LIMIT 1");
    const before = (await rig.pool.query("SELECT coalesce(max(id), 0) AS id FROM audit_log")).rows[0].id;
    const ended = await run(command === "keys revoke" ? `${args} ${keys[0].id}` : args, input);
    expect(ended.code, `${command}: ${ended.stderr}`).toBe(0);
    const { rows } = await rig.pool.query("SELECT actor, action, address FROM audit_log WHERE id > $1", [before]);
    expect(rows, command).toEqual([
      { actor: expect.stringMatching(/^host:./), action: writes, address: expect.stringMatching(/./) },
    ]);
  }
});

test("what was tried in vain is written too, and read with filters, as CSV as well", async () => {
  const nobody = "00000000-0000-4000-8000-000000000000";
  expect((await run(`connections disconnect ${nobody} --yes`)).code).toBe(1);
  const { stdout } = await run(`audit --connection ${nobody} --json`);
  expect(JSON.parse(stdout)).toMatchObject([
    { action: "connection.disconnected", connectionId: nobody, detail: { failed: "connection_not_found" } },
  ]);
  await rig.pool.query("INSERT INTO audit_log (actor, action) VALUES ('=cmd()', 'odd')");
  const { stdout: sheet } = await run("audit --action odd --csv");
  expect(sheet.split("\n").slice(0, 2)).toEqual([
    "ID,AT,WHO,FROM,ACTION,CONNECTION,DETAIL",
    expect.stringMatching(/^\d+,\S+,'=cmd\(\),,odd,,\{\}$/),
  ]);
  const odd = async (more: string) =>
    (await run(`audit --action odd --csv ${more}`)).stdout.trim().split("\n").length - 1;
  expect([await odd("--since 2026-01-01T00:00"), await odd("--until 2026-01-01")]).toEqual([1, 0]);
  for (const wrong of ["--connection x", "--since yesterday", "--until 2026-13-01"])
    expect((await run(`audit ${wrong}`)).code).toBe(2);
});
