import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { createDashboardRig, type DashboardRig, page } from "./dashboard-rig.ts";

let rig: DashboardRig;
const total = 260;

/** Several providers and statuses; ends that are equal, missing, past and near; some failing, some never refreshed. */
beforeAll(async () => {
  rig = await createDashboardRig({ HUBSPOT_CLIENT_ID: "x", HUBSPOT_CLIENT_SECRET: "y" });
  await rig.pool.query(
    `INSERT INTO connections (id, user_id, provider, external_account_id, display_name, status, expires_at, last_refresh_at, failing_since,
       access_token, updated_at)
     SELECT gen_random_uuid(), 'User-' || n, (ARRAY['acme', 'hubspot', 'gone'])[1 + n % 3], 'account-' || n, 'Bäckerei ' || n || '%_',
       (ARRAY['connected', 'connected', 'needs_reauth', 'token_expired', 'disconnected'])[1 + n % 5],
       CASE WHEN n % 7 = 0 THEN NULL WHEN n % 7 < 4 THEN date_trunc('hour', now()) - interval '2 hours' ELSE now() + n % 20 * interval '1 minute' END,
       CASE WHEN n % 4 = 0 THEN NULL ELSE now() - n % 10 * interval '1 hour' END, CASE WHEN n % 5 = 3 THEN now() - n * interval '1 minute' END,
       'sealed', now() - n % 30 * interval '1 second'
     FROM generate_series(1, $1) n`,
    [total],
  );
});

const idsIn = (body: string): string[] =>
  [...body.matchAll(/<th scope="row"[^>]*><a href="\/connections\/([0-9a-f-]{36})"/g)].map(([, id = ""]) => id);

/** All pages of a list, one after the other. */
async function walk(url: string): Promise<string[]> {
  const ids: string[] = [];
  for (let next: string | undefined = url; next !== undefined; ) {
    const body = await rig.read(next);
    const found = idsIn(body);
    expect(found.length).toBeLessThanOrEqual(50);
    ids.push(...found);
    next = /rel="next" href="([^"]+)"/.exec(body)?.[1]?.replaceAll("&amp;", "&");
  }
  return ids;
}

async function inOrder(where: string, order: string): Promise<string[]> {
  const { rows } = await rig.pool.query<{ id: string }>(`SELECT id FROM connections WHERE ${where} ORDER BY ${order}`);
  return rows.map(({ id }) => id);
}

const rank = "array_position(ARRAY['needs_reauth','error','token_expired','connected','disconnected'], status)";

test.each([
  ["", "true", "expires_at NULLS LAST, CASE WHEN expires_at IS NULL THEN id END, id"],
  ["?order=desc", "true", "expires_at DESC NULLS LAST, CASE WHEN expires_at IS NULL THEN id END, id DESC"],
  [
    "?sort=refreshed",
    "true",
    "last_refresh_at DESC NULLS LAST, CASE WHEN last_refresh_at IS NULL THEN id END, id DESC",
  ],
  ["?sort=refreshed&order=asc", "true", "last_refresh_at NULLS LAST, id"],
  ["?sort=updated", "true", "updated_at DESC, id DESC"],
  ["?sort=status", "true", `${rank}, provider, updated_at DESC, id DESC`],
  ["?provider=hubspot", "provider = 'hubspot'", "expires_at NULLS LAST, id"],
  [
    "?provider=gone&status=connected&sort=updated&order=asc",
    "provider = 'gone' AND status = 'connected'",
    "updated_at, id",
  ],
  ["?state=failing", "failing_since IS NOT NULL AND status <> 'disconnected'", "failing_since, id"],
  ["?state=expired", "expires_at <= now() AND status <> 'disconnected'", "expires_at, id"],
  [
    "?state=expiring&sort=updated",
    "expires_at > now() AND expires_at <= now() + interval '5 minutes' AND status <> 'disconnected'",
    "expires_at, id",
  ],
  ["?status=error", "false", "id"],
])("/connections%s: each once, in order, over all pages", async (query, where, order) => {
  const expected = await inOrder(where, order);
  expect(await walk(`/connections${query}`)).toEqual(expected);
});

test("heads sort by their column, and turn the order round", async () => {
  const heads = async (url: string) =>
    [
      ...(await rig.read(url)).matchAll(/<th scope="col"([^>]*)><a href="([^"]+)">(?:Token ends|Last refresh|Status)/g),
    ].map(([, order = "", to = ""]) => [order.trim(), to.replaceAll("&amp;", "&")]);
  expect(await heads("/connections?provider=acme")).toEqual([
    ["", "/connections?provider=acme&sort=status"],
    ['aria-sort="ascending"', "/connections?provider=acme&order=desc"],
    ["", "/connections?provider=acme&sort=refreshed"],
  ]);
  expect((await heads("/connections?sort=refreshed"))[2]).toEqual([
    'aria-sort="descending"',
    "/connections?sort=refreshed&order=asc",
  ]);
  expect(await heads("/connections?state=expired")).toEqual([]);
});

test("a sheet holds all that the filters find, in their order, for operators, and is audited", async () => {
  for (const [query, where, order] of [
    ["?provider=hubspot", "provider = 'hubspot'", "expires_at NULLS LAST, id"],
    ["?state=expired", "expires_at <= now() AND status <> 'disconnected'", "expires_at, id"],
    ["", "true", "expires_at NULLS LAST, CASE WHEN expires_at IS NULL THEN id END, id"],
  ] as const) {
    const { body, headers } = await rig.operator("GET", `/connections.csv${query}`, page);
    const [head, ...lines] = body.trimEnd().split("\r\n");
    expect(head).toMatch(/^ID,PROVIDER,USER,/);
    expect(lines.map((line) => line.split(",", 1)[0])).toEqual(await inOrder(where, order));
    expect(headers["content-disposition"]).toContain("evertoken-connections.csv");
  }
  expect((await rig.operator("GET", "/connections.csv?status=fine", page)).statusCode).toBe(400);
  expect((await rig.viewer("GET", "/connections.csv", page)).statusCode).toBe(403);
  expect((await rig.viewer("GET", "/connections", page)).body).not.toContain("connections.csv");
  const { rows } = await rig.pool.query("SELECT actor FROM audit_log WHERE action = 'connections.downloaded'");
  expect(rows).toEqual(Array(3).fill({ actor: "person:olga" }));
});

test("it says how many there are, and leads on with the same filters", async () => {
  expect(await rig.read("/connections")).toContain(`${total} connections, the first to end first.`);
  expect(await rig.read("/connections?status=error")).toContain("Nothing fits.");
  const body = await rig.read("/connections?sort=updated&order=asc&provider=acme");
  expect(body).toMatch(/rel="next" href="\/connections\?provider=acme&amp;sort=updated&amp;order=asc&amp;after=/);
});

test("a connection is found by what its id, user, account or name is or begins with, whatever the case", async () => {
  const { rows } = await rig.pool.query("SELECT * FROM connections WHERE user_id = 'User-77'");
  const { id } = rows[0];
  for (const text of [id, id.toUpperCase(), id.slice(0, 13), "user-77", "ACCOUNT-77", "bäckerei 77%_", "Bäckerei 77"]) {
    expect(idsIn(await rig.read(`/connections?q=${encodeURIComponent(text)}`)), text).toContain(id);
  }
  expect(idsIn(await rig.read("/connections?q=user-7"))).toHaveLength(11);
  expect(idsIn(await rig.read("/connections?q=user-7&provider=acme&status=connected")).length).toBeLessThan(11);
  for (const text of ["%", "_", "77", "'; DROP TABLE connections", "\\", "<script>"]) {
    expect(idsIn(await rig.read(`/connections?q=${encodeURIComponent(text)}`)), text).toEqual([]);
  }
});

test("of a search what is called so comes first; filters, order and pages hold within all that fit", async () => {
  const [first, ...rest] = await walk("/connections?q=user-7&sort=updated");
  expect(first).toBe((await inOrder("user_id = 'User-7'", "id"))[0]);
  expect(rest).toEqual(await inOrder("user_id ~ '^User-7.'", "updated_at DESC, id DESC"));
  for (const [query, where, order] of [
    ["", "true", "expires_at NULLS LAST, id"],
    ["&order=desc", "true", "expires_at DESC NULLS LAST, id DESC"],
    ["&sort=status", "true", `${rank}, provider, updated_at DESC, id DESC`],
    [
      "&provider=acme&status=connected&sort=refreshed&order=asc",
      "provider = 'acme' AND status = 'connected'",
      "last_refresh_at NULLS LAST, id",
    ],
    ["&state=failing", "failing_since IS NOT NULL AND status <> 'disconnected'", "failing_since, id"],
    ["&state=expired", "expires_at <= now() AND status <> 'disconnected'", "expires_at, id"],
  ] as const) {
    const found = await walk(`/connections?q=user-${query}`);
    expect(found, query).toEqual(await inOrder(`user_id LIKE 'User-%' AND ${where}`, order));
  }
  expect(await rig.read("/connections?q=user-&provider=acme")).toMatch(
    /\d+ connections: what is called so first, then the first to end first/,
  );
});

test("a tag finds those that have it, in every order, with other filters; a frequent one page by page as well", async () => {
  await rig.pool.query(
    "UPDATE connections SET tags = ARRAY['few'] || CASE WHEN user_id LIKE 'User-1%' THEN ARRAY['ones'] ELSE '{}' END WHERE user_id ~ '[05]$'",
  );
  const few = "tags @> ARRAY['few']";
  const check = async (cases: readonly (readonly [string, string, string])[]) => {
    for (const [query, where, order] of cases)
      expect(await walk(`/connections?${query}`), query).toEqual(await inOrder(where, order));
  };
  await check([
    ["tag=few", few, "expires_at NULLS LAST, id"],
    ["tag=few&sort=status", few, `${rank}, provider, updated_at DESC, id DESC`],
    [
      "tag=few&provider=acme&status=connected",
      `${few} AND provider = 'acme' AND status = 'connected'`,
      "expires_at NULLS LAST, id",
    ],
    ["tag=few&state=expired", `${few} AND expires_at <= now() AND status <> 'disconnected'`, "expires_at, id"],
    ["tag=ones&q=user-1&sort=updated", "user_id ~ '^User-1.*[05]$'", "updated_at DESC, id DESC"],
    ["tag=none", "false", "id"],
  ]);
  const count = (await inOrder(few, "id")).length;
  const body = await rig.read("/connections?tag=few");
  expect(body).toContain(`${count} connections, the first to end first.`);
  expect(body).toMatch(/<a href="\/connections\?tag=ones">ones<\/a>/);
  await rig.pool.query(
    `INSERT INTO connections (id, user_id, provider, external_account_id, tags)
     SELECT gen_random_uuid(), 'many', 'hubspot', n::text, '{few}' FROM generate_series(1, 10000) n`,
  );
  await check([
    [
      "tag=few&provider=acme",
      `${few} AND provider = 'acme'`,
      "expires_at NULLS LAST, CASE WHEN expires_at IS NULL THEN id END, id",
    ],
    ["tag=few&state=failing", `${few} AND failing_since IS NOT NULL AND status <> 'disconnected'`, "failing_since, id"],
  ]);
  expect(await rig.read("/connections?tag=few")).toMatch(
    /connections of the first 10,000 with this tag, and maybe others/,
  );
  await rig.pool.query("DELETE FROM connections WHERE user_id = 'many'");
});

test("a filter is saved under a name, for oneself alone, and forgotten", async () => {
  const tokenOf = (body: string) => /name="form_token" value="([^"]+)"/.exec(body)?.[1] ?? "";
  const mine = await rig.dashboard.browserOf("victor");
  const form_token = tokenOf((await mine("GET", "/connections?status=error", page)).body);
  const send = (url: string, fields: Record<string, string>) => mine("POST", url, page, { form_token, ...fields });
  const saved = await send("/connections/saved", {
    name: " Broken <ones> ",
    filter: "/connections?status=error&sort=updated&after=",
  });
  expect([saved.statusCode, saved.headers.location]).toEqual([303, "/connections?status=error&sort=updated"]);
  const body = (await mine("GET", "/connections?sort=updated&status=error", page)).body;
  expect(body).toContain(
    '<a href="/connections?status=error&amp;sort=updated" aria-current="page">Broken &lt;ones&gt;</a>',
  );
  expect(await rig.read("/connections")).not.toContain("Broken");
  await send("/connections/saved", { name: "Broken <ones>", filter: "/connections?status=needs_reauth" });
  expect((await mine("GET", "/connections", page)).body).toContain('href="/connections?status=needs_reauth">Broken');
  for (const fields of [
    { name: "", filter: "/connections" },
    { name: "x".repeat(61), filter: "/connections" },
    { name: "x", filter: "/connections?status=fine" },
    { name: "x", filter: "/connections?colour=red" },
  ])
    expect((await send("/connections/saved", fields)).statusCode).toBe(400);
  for (const url of ["/connections/saved", "/connections/saved/forget"])
    expect((await send(url, { form_token: "x", name: "Broken <ones>", filter: "/connections" })).statusCode).toBe(403);
  await rig.pool.query(
    "INSERT INTO saved_lists (person, name, query) SELECT 'victor', n::text, '' FROM generate_series(1, 49) n",
  );
  expect((await send("/connections/saved", { name: "one too many", filter: "/connections" })).statusCode).toBe(409);
  await send("/connections/saved/forget", { name: "Broken <ones>" });
  expect((await mine("GET", "/connections", page)).body).not.toContain("Broken");
});

test("what can be searched for is suggested, and understood", async () => {
  await rig.pool.query("UPDATE connections SET tags = '{suggested}' WHERE user_id = 'User-9'");
  const body = await rig.read("/connections");
  for (const word of ["status:error", "provider:acme", "tag:suggested"])
    expect(body).toContain(`<option value="${word}">`);
  expect(idsIn(await rig.read(`/connections?q=${encodeURIComponent("tag:suggested user-9")}`))).toEqual(
    await inOrder("user_id = 'User-9'", "id"),
  );
});

test("search follows what is renamed, and forgets what is gone", async () => {
  const id = randomUUID();
  await rig.pool.query(
    "INSERT INTO connections (id, user_id, provider, external_account_id) VALUES ($1, 'same-name', 'acme', 'same-name')",
    [id],
  );
  await rig.pool.query("UPDATE connections SET display_name = 'Renamed' WHERE id = $1", [id]);
  expect(idsIn(await rig.read("/connections?q=renamed"))).toEqual([id]);
  await rig.pool.query("UPDATE connections SET display_name = 'Otherwise' WHERE id = $1", [id]);
  expect(idsIn(await rig.read("/connections?q=renamed"))).toEqual([]);
  await rig.pool.query("DELETE FROM connections WHERE id = $1", [id]);
  const { rows } = await rig.pool.query("SELECT term FROM connection_terms WHERE connection_id = $1", [id]);
  expect(rows).toEqual([]);
});

test.each([
  ["?provider=nobody", "There is no provider"],
  ["?status=fine", "cannot be"],
  ["?state=old", "cannot be"],
  ["?sort=user_id", "cannot be"],
  ["?order=up", "cannot be"],
  ["?colour=red", "There is no filter"],
  ["?tag=No%20tag", "needs a tag"],
  ["?status=error&status=connected", "more than once"],
  ["?after=nonsense", "place to go on from"],
  [
    `?after=${Buffer.from('["acme","connected","2026-13-01T00:00:00.000Z","x"]').toString("base64url")}`,
    "place to go on from",
  ],
  [`?q=${"x".repeat(201)}`, "up to 200 characters"],
  ["?q=%00", "up to 200 characters"],
])("/connections%s is answered with a page that says what is wrong", async (query, text) => {
  const answer = await rig.viewer("GET", `/connections${query}`, page);
  expect([answer.statusCode, answer.headers["content-type"]]).toEqual([400, "text/html; charset=utf-8"]);
  expect(answer.body).toContain(text);
});
