import { readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { emptyDirectory, runInProcess } from "../e2e/evertoken-command.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { type Expected, endsAt, type SourceFile, sourceFiles } from "./import-source-files.ts";

const rig = createRig({ env: { LOG_LEVEL: "error" } });

async function empty(): Promise<Rig> {
  const { pool } = await rig;
  await pool.query("TRUNCATE connections, brought_grants, client_registrations CASCADE");
  return rig;
}

async function keyFile(key: string | undefined): Promise<string[]> {
  if (key === undefined) return [];
  const path = join(await emptyDirectory(), "key");
  await writeFile(path, `${key}\n`);
  return ["--key-file", path];
}

async function run(args: readonly string[], input: string) {
  const { code, stdout, stderr } = await runInProcess(["connections", "import", "--json", ...args], {
    ...{ env: (await rig).env, input },
  });
  return { code, stderr, answer: JSON.parse(stdout) };
}

async function importFile(file: SourceFile, more: readonly string[] = []) {
  return run(["--from", file.from, ...(file.args ?? []), ...(await keyFile(file.key)), ...more], file.text);
}

test.each(sourceFiles)("$from: $what", async (file) => {
  const { pool } = await empty();
  const counts = { imported: file.expected.length, reconnected: 0, skipped: file.skipped ?? 0, refused: 0 };
  const planned = await importFile(file, ["--dry-run"]);
  expect({ code: planned.code, ...planned.answer }).toMatchObject({
    code: 0,
    dryRun: true,
    ...counts,
    bad: [],
    unknownFields: [],
  });
  expect((await pool.query("SELECT FROM connections")).rowCount).toBe(0);
  const { code, answer } = await importFile(file);
  expect({ code, ...answer }).toMatchObject({ code: 0, dryRun: false, ...counts });
  expect(answer.providers).toEqual(planned.answer.providers);
  for (const each of file.expected) await expectStored(each);
  const again = await importFile(file);
  // What is never refreshed is taken as it comes.
  const { imported, reconnected } = again.answer;
  expect({ imported, reconnected }).toEqual({
    imported: 0,
    reconnected: file.expected.filter(({ provider }) => provider === "github-oauth-app").length,
  });
});

async function expectStored({
  userId,
  provider,
  account,
  accessToken,
  refreshToken,
  expiresAt,
  scopes,
  more,
}: Expected) {
  const { pool, client } = await rig;
  const { rows } = await pool.query("SELECT * FROM connections WHERE user_id = $1 AND provider = $2", [
    userId,
    provider,
  ]);
  expect(rows).toHaveLength(1);
  const [row] = rows;
  expect(row).toMatchObject({ external_account_id: account, ...(scopes === undefined ? {} : { scopes }), ...more });
  if (expiresAt !== undefined) expect(row.expires_at).toEqual(expiresAt);
  expect(row.refresh_token !== null).toBe(refreshToken !== null);
  if (expiresAt !== undefined && accessToken !== null) {
    expect(await client.getAccessToken(row.id)).toMatchObject({ accessToken, warning: null });
  }
}

test("every source has a file here", () => {
  const folder = new URL("../../packages/cli/src/import-sources", import.meta.url);
  const ids = readdirSync(folder).filter((name) => name.endsWith(".ts") && !/^(index|source)\./.test(name));
  expect([...new Set(sourceFiles.map(({ from }) => `${from}.ts`))].sort()).toEqual(ids.sort());
});

test("a file that is not what --from says is named, and nothing is stored", async () => {
  const { pool } = await empty();
  const plain = sourceFiles.filter(({ key }) => key === undefined);
  for (const file of plain.filter(({ text }) => !text.startsWith("["))) {
    const other = file.from === "next-auth" ? "nango" : "next-auth";
    const { code, answer } = await run(["--from", other, "--user", "u"], file.text);
    expect({ file: file.what, code, message: answer.error?.message }).toMatchObject({
      code: 1,
      message: expect.stringMatching(/this is no export of .* Nothing was stored/),
    });
  }
  const nango = sourceFiles.find(({ from }) => from === "nango")?.text as string;
  expect((await run(["--from", "next-auth"], nango)).answer.error.message).toContain("use --from nango");
  expect((await run([], nango)).answer.error.message).toContain("use --from nango");
  expect((await pool.query("SELECT FROM connections")).rowCount).toBe(0);
});

const next = (more: object) =>
  JSON.stringify({
    ...{ userId: "u", type: "oauth", provider: "hubspot", providerAccountId: "1", access_token: "canary-a" },
    ...{ refresh_token: "canary-r", expires_at: Math.floor(endsAt.getTime() / 1000), ...more },
  });

test("bad rows are told by line, and the rest goes on", async () => {
  const { pool } = await empty();
  const rows: [row: string, words: string | null][] = [
    [next({}), null],
    [next({ providerAccountId: "2", expires_at: 1_795_694_400_000_000 }), "expiresAt: lies behind 2200"],
    [next({ providerAccountId: "3", expires_at: 3599 }), "expiresAt: lies before 2005"],
    [next({ providerAccountId: "4", expires_at: "next week" }), "expiresAt: is no point in time"],
    [next({ providerAccountId: "5", refresh_token: "canary\nr" }), "refreshToken: has a line break"],
    [next({ providerAccountId: "6", provider: "hubsport" }), "did you mean hubspot"],
    [next({ providerAccountId: "7", provider: "google" }), "--provider google=<ours>"],
    [next({ providerAccountId: "8", access_token: null, refresh_token: "" }), "holds neither token"],
    [next({ providerAccountId: "9", access_token: { a: "canary" } }), "accessToken: is neither text nor a number"],
    [next({}), "the same account stands in line 1"],
    [
      next({ providerAccountId: "10", refresh_token: "canary-r" }),
      "the same one stands in line 1|holds the same refresh",
    ],
    ['{"userId":"u","type":"oauth","type":"oauth"}', "the same field stands in it twice"],
    ['{"userId":"u","access_token":"canary', "this is not JSON"],
    [next({ providerAccountId: "11", userId: null }), "has no userId or user_id|give --user"],
    [next({ providerAccountId: "12", refresh_token: "canary-r12", acess_token: "x" }), null],
  ];
  const text = rows.map(([row]) => row).join("\r\n");
  for (const args of [["--dry-run"], []]) {
    const { code, answer, stderr } = await run(["--from", "next-auth", "--provider", "hubspot=acme", ...args], text);
    expect({ code, imported: answer.imported }).toEqual({ code: 1, imported: 2 });
    const told = new Map(answer.bad.map(({ line, message }: { line: number; message: string }) => [line, message]));
    for (const [index, [row, words]] of rows.entries()) {
      const message = told.get(index + 1) ?? null;
      if (words === null) expect(message, row).toBe(null);
      else expect(message, row).toMatch(new RegExp(words));
    }
    expect(answer.unknownFields).toEqual([{ field: "acess_token", rows: 1, hint: ": did you mean access_token?" }]);
    expect(stderr).toContain("not read: acess_token (1 rows): did you mean access_token?");
  }
  expect((await pool.query("SELECT FROM connections")).rowCount).toBe(2);
});

test("what means that there is nothing, or was cut off, is never stored as a token", async () => {
  const { pool } = await empty();
  const words = ["", "null", "NULL", "\\N", "(null)", "<null>", "None", "undefined"];
  const table = words.map((word, n) => `u,acme,${n},canary-a${n},${word}`);
  const csv = await run(["--from", "csv"], ["userId,provider,accountId,accessToken,refreshToken", ...table].join("\n"));
  expect(csv.answer).toMatchObject({ imported: words.length, refused: 0 });
  const rows = words.map((word, n) => next({ provider: "acme", providerAccountId: `j${n}`, refresh_token: word }));
  expect((await run(["--from", "next-auth"], rows.join("\n"))).answer).toMatchObject({ imported: words.length });
  expect((await pool.query("SELECT FROM connections WHERE refresh_token IS NOT NULL")).rowCount).toBe(0);
  const cut = { user_id: 1, provider: "acme", token: "eyJpdiI6IkFBQUE" };
  const laravel = await run(["--from", "laravel"], JSON.stringify([cut]));
  expect(laravel.answer).toMatchObject({
    imported: 0,
    bad: [{ line: 1, item: 1, message: expect.stringContaining("altered") }],
  });
  const json = await run(["--from", "csv"], "[{}]");
  expect(json.answer.error.message).toContain("this is JSON and no table");
});

test("what stands in one line is told by its item as well, in arrays and in documents that hold a list", async () => {
  await empty();
  const rows = [next({}), next({ providerAccountId: "2", expires_at: "soon" }), next({})];
  for (const text of [`[${rows.join()}]`, `{"accounts":[${rows.join()}]}`]) {
    const { answer, stderr } = await run(["--from", "next-auth", "--provider", "hubspot=acme", "--dry-run"], text);
    expect(answer.bad).toMatchObject([
      { line: 1, item: 2 },
      { line: 1, item: 3, message: "the same account stands in line 1, item 1" },
    ]);
    expect(stderr).toMatch(/line 1, item 2: expiresAt: .*\nline 1, item 3: /);
  }
});

test("a field of ours that is misspelt is refused, with the right one", async () => {
  await empty();
  const { code, answer } = await run([], '{"userId":"u","provider":"acme","acessToken":"canary-a"}');
  expect(code).toBe(1);
  expect(answer.bad[0].message).toBe('there is no field "acessToken": did you mean accessToken?');
});

test("encrypted rows without a key, or with another one, are bad rows", async () => {
  await empty();
  for (const file of sourceFiles.filter(({ key, from }) => key !== undefined && from !== "rclone")) {
    const args = ["--from", file.from, ...(file.args ?? [])];
    const bare = await run(args, file.text);
    const other = await run([...args, ...(await keyFile(Buffer.alloc(32, 7).toString("base64")))], file.text);
    expect(other.answer, file.what).toMatchObject({ imported: 0, refused: file.expected.length });
    expect(other.answer.bad[0].message).toContain("do not open with the key");
    if (file.from !== "better-auth") expect(bare.answer.bad[0].message).toContain("--key-file");
    else expect(bare.answer.bad[0].message).toContain("--key-file");
  }
  const rclone = sourceFiles.find(({ key, from }) => key !== undefined && from === "rclone") as SourceFile;
  const sealed = await run(["--from", "rclone", "--user", "u"], rclone.text);
  expect(sealed.answer.error.message).toContain("--key-file");
  expect(await run(["--from", "rclone", "--user", "u", ...(await keyFile("wrong"))], rclone.text)).toMatchObject({
    code: 1,
  });
});

test("a grant of another client is refused, unless it is one of our registrations", async () => {
  const { pool } = await empty();
  const file = JSON.stringify([
    {
      ...{
        id: "1",
        name: "n",
        type: "acme",
        data: { clientId: "another", oauthTokenData: { access_token: "canary-a", refresh_token: "canary-r" } },
      },
      updatedAt: new Date().toISOString(),
    },
  ]).replace('"acme"', '"acmeOAuth2Api"');
  const args = ["--from", "n8n", "--user", "u", "--provider", "acmeOAuth2Api=acme"];
  const refused = await run(args, file);
  expect(refused.answer.bad[0].message).toContain("granted to another client");
  await pool.query(
    "INSERT INTO client_registrations (id, provider, name, client_id) VALUES (gen_random_uuid(), 'acme', 'n8n', 'another')",
  );
  expect((await run(args, file)).answer).toMatchObject({ imported: 1 });
  expect((await pool.query("SELECT registration FROM connections")).rows).toEqual([{ registration: "n8n" }]);
});

test.each([
  ["--user without --from", ["--user", "u"], "needs --from"],
  ["a field that is not one", ["--from", "csv", "--map", "a=acessToken"], "did you mean accessToken"],
  ["half a pair", ["--from", "csv", "--map", "a"], "<theirs>=<ours>"],
  ["a key for what has none", ["--from", "csv", "--key-file", "x"], "nothing of a table in CSV"],
  ["two kinds of keys", ["--from", "nango", "--legacy-key-file", "x"], "--key-file"],
  ["a system that nobody knows", ["--from", "zapier"], "Allowed choices"],
])("%s is wrong usage", async (_, args, words) => {
  const { code, stderr } = await runInProcess(["connections", "import", ...args], {
    env: (await rig).env,
    input: "{}",
  });
  expect(code).toBe(2);
  expect(stderr).toContain(words);
});

const binary = Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * 37) % 256)).toString("latin1");

test.each([
  ["nothing", "", "nothing to import"],
  ["white space", " \r\n\t", "nothing to import"],
  ["bytes of an image", binary, "is no export of Auth.js"],
  ["a JSON text that is cut off", `[${next({}).slice(0, 60)}`, "from here to the end this is not JSON"],
  ["a column twice", "userId,type,provider,provider\n", "same name"],
  ["a header alone", "userId,type,provider,providerAccountId\n", "nothing to import"],
  ["a file that is compressed", "PK\u0003\u0004\u0014\u0000", "compressed: unpack it first"],
  ["UTF-16 without its mark", [..."userId,type\n1,2"].join("\0").concat("\0"), "UTF-16"],
  [
    "rows without an account's id",
    '{"userId":"u","type":"oauth","provider":"acme"}',
    "its rows have no providerAccountId or",
  ],
  ["objects one behind the other", '{\n"userId":"u"\n}\n{\n"userId":"v"\n}\n', "line 1: this is not JSON"],
  ["a number", "42", "nothing to import: this holds no row of Auth.js"],
])("%s: the file is refused as a whole", async (_, text, words) => {
  const { code, answer } = await run(["--from", "next-auth"], text);
  expect(code).toBe(1);
  expect(answer.error.message).toContain(words);
});

test("a directory is named as what cannot be read", async () => {
  const directory = await emptyDirectory();
  const { code, answer } = await run(["--from", "csv", directory], "");
  expect({ code, message: answer.error.message }).toEqual({ code: 1, message: `${directory} cannot be read (EISDIR)` });
});

test("of a table, lines with too few columns and open quotes are bad, the others are read", async () => {
  await empty();
  const text = `userId,provider,accountId,accessToken,refreshToken\nu1,acme,1,canary-a1,canary-r1\nu2,acme\n"u\n3",acme,3,canary-a3,canary-r3\nu4,acme,4,"canary-a4,canary-r4\n`;
  const { code, answer } = await run(["--from", "csv"], text);
  expect(code).toBe(1);
  expect(answer.imported).toBe(2);
  expect(answer.bad.map(({ line }: { line: number }) => line)).toEqual([3, 6]);
  expect(answer.bad[0].message).toBe("this has not as many columns as the header");
});
