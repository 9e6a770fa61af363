import { beforeAll, expect, test } from "vitest";
import { createConnectRig } from "../support/connect-rig.ts";
import { onFileEnd } from "../support/services.ts";
import { openRedis, startDashboard } from "./dashboard-harness.ts";
import { createDashboardRig, type DashboardRig, page } from "./dashboard-rig.ts";

let rig: DashboardRig;
beforeAll(async () => {
  rig = await createDashboardRig();
});

const add = (actor: string, action: string, n = 1, at = "now()") =>
  rig.pool.query(
    `INSERT INTO audit_log (actor, action, at, detail) SELECT $1, $2, ${at}, jsonb_build_object('n', n) FROM generate_series(1, $3::int) n`,
    [actor, action, n],
  );

const shownIn = (body: string) => [...body.matchAll(/data-entry="(\d+)"/g)].map(([, id]) => Number(id));

/** All pages from an address on. */
async function walk(first: string): Promise<number[][]> {
  const pages: number[][] = [];
  for (let next: string | undefined = first; next !== undefined; ) {
    const body = await rig.read(next);
    pages.push(shownIn(body));
    next = /rel="next" href="([^"]+)"/.exec(body)?.[1]?.replaceAll("&amp;", "&");
  }
  return pages;
}

test("the log is filtered and paged: each entry once, the newest first, also while others are written", async () => {
  await add("person:ada", "paged", 120);
  const first = await rig.read("/audit?actor=person%3Aada&action=paged");
  await add("person:ada", "paged", 3);
  const next = /rel="next" href="([^"]+)"/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
  const pages = [shownIn(first), ...(await walk(next))];
  expect(pages.map(({ length }) => length)).toEqual([50, 50, 20]);
  const ids = pages.flat();
  expect(ids).toEqual([...ids].sort((a, b) => b - a));
  expect(new Set(ids).size).toBe(120);
  expect(await rig.read("/audit?actor=person%3Anobody")).toContain("Nothing fits");
});

test("two times enclose what is shown, whatever stands before and after", async () => {
  for (const day of ["2026-01-01", "2026-02-01", "2026-03-01"]) await add("system", "timed", 2, `'${day}T12:00Z'`);
  const count = async (query: string) => shownIn(await rig.read(`/audit?action=timed${query}`)).length;
  expect(await count("")).toBe(6);
  expect(await count("&since=2026-02-01T12:00")).toBe(4);
  expect(await count("&until=2026-02-01T12:00")).toBe(2);
  expect(await count("&since=2026-01-15&until=2026-02-15")).toBe(2);
  expect(await count("&since=2099-01-01")).toBe(0);
  expect(await count("&until=2020-01-01&since=&actor=")).toBe(0);
});

test("one connection's reads and acts are shown with who and from where, and lead to it", async () => {
  const { id } = await rig.connect();
  await rig.act(rig.operator, id, "schedule");
  await rig.client.getAccessToken(id);
  rig.engine.audit.count({ actor: "key:<b>", action: "token.read", connectionId: id, address: "192.0.2.1" });
  const body = await rig.read(`/audit?connection=${id}`);
  expect(shownIn(body)).toHaveLength(3);
  for (const part of ["person:olga", "connection.scheduled", "127.0.0.1", "key:&lt;b&gt;", "192.0.2.1", "count: 1"]) {
    expect(body).toContain(part);
  }
  expect(body).toContain(`href="/connections/${id}"`);
  expect(body).not.toContain("<b>");
});

test("the sheet has all that fits, no formula, and is written down as downloaded", async () => {
  await add('=HYPERLINK("http://evil.example")', "sheet", 1);
  await add("+1", "sheet", 1200);
  const answer = await rig.operator("GET", "/audit.csv?action=sheet", page);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers["content-type"]).toBe("text/csv; charset=utf-8");
  expect(answer.headers["content-disposition"]).toContain("attachment");
  const lines = answer.body.trimEnd().split("\r\n");
  expect(lines).toHaveLength(1202);
  expect(lines[0]).toBe("ID,AT,WHO,FROM,ACTION,CONNECTION,DETAIL");
  expect(lines[1]).toMatch(/^\d+,\S+Z,'\+1,,sheet,,"\{""n"":1200\}"$/);
  expect(lines.at(-1)).toContain(`,"'=HYPERLINK(""http://evil.example"")",`);
  const { rows } = await rig.pool.query("SELECT actor, address FROM audit_log WHERE action = 'audit.downloaded'");
  expect(rows).toEqual([{ actor: "person:olga", address: "127.0.0.1" }]);
});

test("viewers, strangers and other methods get neither page nor sheet, and that is in the log", async () => {
  for (const path of ["/audit", "/audit.csv", "/audit/", "/audit?action=token.read"]) {
    const refused = await rig.viewer("GET", path, page);
    expect([path, refused.statusCode]).toEqual([path, path === "/audit/" ? 405 : 403]);
    expect(refused.body).not.toContain("data-entry");
  }
  expect((await rig.viewer("GET", "/", page)).body).not.toContain('href="/audit"');
  expect((await rig.operator("GET", "/", page)).body).toContain('href="/audit"');
  const stranger = (url: string) => rig.dashboard.app.inject({ url, headers: { host: "dashboard.test" } });
  expect((await stranger("/audit?actor=x")).headers.location).toBe("/login?next=%2Faudit%3Factor%3Dx");
  expect((await stranger("/audit.csv")).statusCode).toBe(401);
  for (const method of ["POST", "PUT", "DELETE"] as const) {
    expect((await rig.operator(method, "/audit", page)).statusCode).toBeGreaterThanOrEqual(403);
  }
  const body = await rig.read("/audit?action=dashboard.refused&actor=person%3Avictor");
  expect(body).toContain("code: operators_only, count: 3");
});

test("crafted addresses are told what is wrong, and reach no query", async () => {
  const crafted = [
    ...["connection=x", "connection=' OR 1=1", "before=-1", "before=1e3", "before=9999999999999999999", "limit=5"],
    ...[
      "since=yesterday",
      "since=2026-13-01",
      "until=2026-02-30T99:00",
      "actor=a&actor=b",
      "action=%00",
      "__proto__=x",
    ],
    ...[`actor=${"x".repeat(200)}`, "since=2026-01-01T00:00:00%2B02:00"],
  ];
  for (const query of crafted) {
    for (const path of ["/audit", "/audit.csv"]) {
      const answer = await rig.operator("GET", `${path}?${query.replaceAll(" ", "%20")}`, page);
      expect([query, answer.statusCode]).toEqual([query, 400]);
    }
  }
});

test("each action of the board is written down before it is done, by name, person and address", async () => {
  const [queue] = rig.dashboard.queues;
  if (queue === undefined) throw new Error("there is no queue");
  const { id } = await queue.add("refresh", {}, { delay: 3_600_000, jobId: "board-1" });
  const at = `/queues/api/queues/${queue.name}`;
  const actions = {
    "queue.paused": `${at}/pause`,
    "queue.resumed": `${at}/resume`,
    "job.retried": `${at}/${id}/retry`,
    "job.promoted": `${at}/${id}/promote`,
  };
  for (const url of Object.values(actions)) {
    await rig.operator("PUT", url);
    expect((await rig.viewer("PUT", url)).statusCode).toBe(403);
  }
  const { rows } = await rig.pool.query(
    "SELECT actor, action, address, detail FROM audit_log WHERE action LIKE 'queue.%' OR action LIKE 'job.%' ORDER BY id",
  );
  const of = { actor: "person:olga", address: "127.0.0.1" };
  expect(rows).toMatchObject(
    Object.keys(actions).map((action) => ({ ...of, action, detail: { queueName: queue.name } })),
  );
});

test("a flood at the login and at the board is a row and a line for each reason, without what was typed", async () => {
  const { engine, pool } = await createConnectRig();
  const dashboard = await startDashboard(await openRedis(), { engine, loginAttempts: 5 });
  onFileEnd(() => dashboard.close());
  for (let n = 0; n < 20; n++) await dashboard.login("olga", `canary password ${n}`);
  for (let n = 0; n < 9; n++) await dashboard.app.inject({ url: "/queues/api/queues" });
  const forged = { headers: { host: "dashboard.test", origin: "http://evil.example" } };
  for (let n = 0; n < 4; n++)
    await dashboard.app.inject({ ...forged, method: "PUT", url: "/queues/api/queues/x/pause" });
  await engine.audit.flush();
  const { rows } = await pool.query(
    "SELECT actor, address, action, detail->>'code' AS code, (detail->'count')::int AS n FROM audit_log ORDER BY n",
  );
  const of = { actor: "nobody", address: "127.0.0.1" };
  expect(rows).toEqual([
    { ...of, action: "dashboard.refused", code: "cross_origin", n: 4 },
    { ...of, action: "dashboard.login_refused", code: "password", n: 5 },
    { ...of, action: "dashboard.refused", code: "login_needed", n: 9 },
    { ...of, action: "dashboard.refused", code: "too_many_logins", n: 15 },
  ]);
  const lines = dashboard.logged.filter((line) => line.includes("requests are refused"));
  expect(lines).toHaveLength(4);
  expect(dashboard.logged.join() + JSON.stringify(rows)).not.toMatch(/canary|olga/);
});
