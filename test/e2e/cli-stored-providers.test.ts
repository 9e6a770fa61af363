import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { goodMetadata, type MetadataServer, startMetadataServer } from "../support/metadata-server.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { askEvertoken, canary, emptyDirectory, runEvertoken, runInProcess } from "./evertoken-command.ts";

let rig: Rig;
let server: MetadataServer;
beforeAll(async () => {
  rig = await createRig();
  server = await startMetadataServer();
});

const run = (args: string[], input?: string) =>
  runInProcess(["providers", ...args], { env: rig.env, ...(input === undefined ? {} : { input }) });
const words = (more: object = {}) =>
  JSON.stringify({
    id: "intranet",
    issuer: server.issuer,
    clientId: "client",
    clientSecret: `${canary}-secret`,
    ...more,
  });

test("a provider is added from standard input, shown among the others, replaced and removed", async () => {
  const added = await run(["add", "-"], words());
  expect([added.code, added.stdout]).toEqual([0, expect.stringContaining(`tokens at ${server.issuer}/token`)]);
  const again = await run(["add", "-"], words());
  expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/is stored already.*\(provider_exists\)/)]);
  const { answer } = await askEvertoken(["providers"], { env: rig.env });
  expect(answer.find((one: { id: string }) => one.id === "intranet")).toMatchObject({
    origin: "stored",
    configured: true,
  });
  expect((await run(["show", "intranet"])).stdout).toContain(`POST ${server.issuer}/token`);
  expect((await runEvertoken(["doctor"], { env: rig.env })).stdout).toMatch(/stored providers +intranet/);

  const replaced = await run(["add", "-", "--replace", "--json"], words({ name: "Staff", clientSecret: undefined }));
  expect(JSON.parse(replaced.stdout)).toMatchObject({ definition: { name: "Staff" }, hasSecret: true });
  const { id } = await rig.connect({ provider: "intranet" });
  const refused = await run(["remove", "intranet", "--yes"]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("1 connection depends on intranet")]);
  await rig.client.connections.disconnect(id);
  expect((await run(["remove", "intranet", "--yes"])).code).toBe(0);
  expect((await run(["show", "intranet"])).stderr).toContain('there is no provider "intranet"');
  const { rows } = await rig.pool.query("SELECT actor, action FROM audit_log WHERE actor NOT LIKE 'app:%' ORDER BY id");
  expect(rows).toEqual(
    ["provider.added", "provider.replaced", "provider.removed"].map((action) => ({
      actor: expect.stringMatching(/^host:./),
      action,
    })),
  );
});

test("an entry of a providers file is added as it is", async () => {
  const file = join(await emptyDirectory(), "provider.json");
  const policy = { lifetimeSeconds: 60, rotation: { kind: "none" } };
  const entry = {
    id: "whole",
    name: "Whole",
    docs: "https://whole.example",
    tokenUrl: "https://whole.example/t",
    policy,
  };
  await writeFile(file, JSON.stringify({ ...entry, clientId: "client", clientSecret: `${canary}-secret` }));
  const { code, stdout } = await run(["add", file, "--json"]);
  expect([code, JSON.parse(stdout)]).toMatchObject([
    0,
    { definition: { ...entry }, clientId: "client", hasSecret: true },
  ]);
});

test.each([
  ["what is no JSON", `{"clientSecret": "${canary}`, 1, "- is not JSON"],
  ["a list", "[]", 2, "one provider, as an object"],
  ["a field that is not known", `{"id": "x", "sekret": "${canary}"}`, 1, "sekret: Unrecognized key"],
  ["no endpoint", '{"id": "nowhere"}', 1, "tokenUrl: needed (or issuer)"],
  ["an entry without an id", '{"policy": {"lifetimeSeconds": 60}}', 1, "id: "],
])("%s is refused with the reason", async (_, input, code, reason) => {
  const ended = await run(["add", "-"], input);
  expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(reason)]);
});

test("an issuer with wrong metadata is refused with the reason", async () => {
  server.answer = (_, at) => ({ body: goodMetadata(`${at}/other`) });
  const ended = await run(["add", "-"], words({ id: "wrong" }));
  expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(/names another issuer \(provider_refused\)/)]);
});

test("without a database those of the settings are shown, and it is said that there may be more", async () => {
  const env = { ...rig.env, DATABASE_URL: "postgresql://u:p@127.0.0.1:1/none" };
  const { code, stdout, stderr } = await runInProcess(["providers"], { env });
  expect([code, stdout, stderr]).toEqual([
    0,
    expect.stringMatching(/acme +yes +settings/),
    expect.stringContaining("Stored providers are not shown"),
  ]);
});
