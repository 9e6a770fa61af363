import { listAttempts, mostLookedAt } from "@evertoken/adapters";
import { beforeAll, expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { until } from "../support/rig.ts";
import { createDashboardRig, type DashboardRig, page } from "./dashboard-rig.ts";

let rig: DashboardRig;
let [ada, bob]: { id: string }[] = [];

/** So many attempts of a connection, one a minute back from a time. */
const log = (
  id: string,
  count: number,
  columns: { at?: string; outcome?: string; code?: string | null; provider?: string } = {},
) =>
  rig.pool.query(
    `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, error_code, message, duration_ms, generation, created_at)
     SELECT $1, $2, 'scheduled', $3 = 'granted', $3, $4, 'said <so>', 100, 1, now() - $5::interval - n * interval '1 minute'
     FROM generate_series($6, 1, -1) n`,
    [id, columns.provider ?? "acme", columns.outcome ?? "granted", columns.code ?? null, columns.at ?? "0", count],
  );

beforeAll(async () => {
  rig = await createDashboardRig();
  ada = await rig.connect({ userId: "ada", displayName: "Ada's account" });
  bob = await rig.connect({ userId: "bob" });
  await log(ada.id, 70, { at: "3 days", outcome: "denied", code: "refresh_token_expired" });
  await log(ada.id, 120);
  await log(bob.id, 7, { outcome: "transient", code: "provider_unavailable" });
  await log(bob.id, 3, { outcome: "misconfigured", code: "invalid_client" });
  await log("00000000-0000-4000-8000-00000000dead", 1, { outcome: "denied", provider: "gone" });
});

const entriesIn = (body: string) => [...body.matchAll(/data-entry="(\d+)"/g)].map(([, id = ""]) => id);

async function walk(url: string): Promise<string[]> {
  const ids: string[] = [];
  for (let next: string | undefined = url; next !== undefined; ) {
    const body = await rig.read(next);
    ids.push(...entriesIn(body));
    next = /rel="next" href="([^"]+)"/.exec(body)?.[1]?.replaceAll("&amp;", "&");
  }
  return ids;
}

test.each([
  ["", "created_at > now() - interval '1 day'"],
  ["?range=30d", "true"],
  ["?range=1h", "created_at > now() - interval '1 hour'"],
  ["?outcome=failed", "NOT success AND created_at > now() - interval '1 day'"],
  ["?outcome=granted&range=7d", "success"],
  ["?provider=acme&outcome=transient", "outcome = 'transient'"],
  ["?code=invalid_client", "error_code = 'invalid_client'"],
  ["?user=ada&range=7d", "connection_id = (SELECT id FROM connections WHERE user_id = 'ada')"],
  ["?user=nobody", "false"],
])("/log%s: each attempt once, newest first, over all pages", async (query, where) => {
  const { rows } = await rig.pool.query(
    `SELECT id::text FROM token_refresh_log WHERE ${where} ORDER BY token_refresh_log.id DESC`,
  );
  expect(await walk(`/log${query}`)).toEqual(rows.map(({ id }) => id));
});

test("a time of a form is in the zone of its reader", async () => {
  const { rows } = await rig.pool.query(
    `SELECT to_char(now() AT TIME ZONE 'Asia/Kolkata' - interval '4 days', 'YYYY-MM-DD"T"HH24:MI') AS since,
       to_char(now() AT TIME ZONE 'Asia/Kolkata' - interval '2 days', 'YYYY-MM-DD"T"HH24:MI') AS until`,
  );
  expect(await walk(`/log?${new URLSearchParams({ ...rows[0], zone: "Asia/Kolkata" })}`)).toHaveLength(70);
});

test("from a group of failures to its connections, to their attempts, and back", async () => {
  const body = await rig.read("/log/connections?outcome=failed");
  expect(body).toContain("2 connections have such attempts");
  expect(body).toMatch(/>gone<\/span>.*>1<\/td>/s);
  const own = new RegExp(`href="(/log\\?[^"]*connection=${bob?.id})"`).exec(body)?.[1]?.replaceAll("&amp;", "&") ?? "";
  const attempts = await rig.read(own);
  expect(entriesIn(attempts)).toHaveLength(10);
  expect(attempts).toContain("said &lt;so&gt;");
  expect(attempts).toContain(`href="/connections/${bob?.id}"`);
  expect(await rig.read(`/connections/${bob?.id}`)).toContain(`/log?connection=${bob?.id}`);
  expect(await rig.read("/log/connections?code=invalid_client&outcome=failed")).toContain(
    "1 connection has such attempts",
  );
});

test("no page looks at more than it can, and says from where to go on", async () => {
  await rig.pool.query(
    `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, duration_ms, generation)
     SELECT $1, 'acme', 'scheduled', true, 'granted', 1, 1 FROM generate_series(1, $2)`,
    [ada?.id, mostLookedAt],
  );
  const day = { since: new Date(Date.now() - 86_400_000), until: new Date(Date.now() + 60_000) };
  const first = await listAttempts(rig.pool, { ...day, code: "invalid_client" }, 50);
  expect(first).toEqual({ attempts: [], goOnBefore: expect.stringMatching(/^\d+$/) });
  const second = await listAttempts(rig.pool, { ...day, code: "invalid_client", before: first.goOnBefore ?? "" }, 50);
  expect([second.attempts.length, second.goOnBefore]).toEqual([3, null]);
  expect(await rig.read("/log?code=invalid_client")).toContain("Look further back");
  // Failures are few, and are found however many attempts succeeded since.
  expect(await walk("/log?code=invalid_client&outcome=failed")).toHaveLength(3);
});

test.each([
  ["provider=nobody", "There is no provider"],
  ["outcome=fine", "cannot be"],
  ["connection=1", "id of a connection"],
  [`connection=00000000-0000-4000-8000-000000000001&user=ada`, "give one of them"],
  ["since=yesterday", "has to be a time"],
  ["since=2026-11-26T12:00&until=2026-11-25T12:00", "before"],
  ["since=2026-11-26T12:00&zone=Mars", "no time zone"],
  ["range=1y", "cannot be"],
  ["before=last", "id of an attempt"],
  ["colour=red", "There is no filter"],
  ["code=a&code=b", "more than once"],
  ["code=%00", "up to 512 characters"],
])("/log?%s says what is wrong", async (query, said) => {
  const answer = await rig.viewer("GET", `/log?${query}`, page);
  expect([answer.statusCode, answer.body.includes(said)]).toEqual([400, true]);
});

test("the command reads the same log, in pages, and says what cannot be", async () => {
  const run = (...args: string[]) => runInProcess(["log", ...args], { env: rig.env });
  const failed = JSON.parse((await run("--failed", "--limit", "100", "--json")).stdout);
  expect(failed).toHaveLength(11);
  expect(failed[0]).toMatchObject({ success: false, connectionId: expect.any(String), createdAt: expect.any(String) });
  expect(JSON.parse((await run(ada?.id ?? "", "--failed", "--limit", "100", "--json")).stdout)).toHaveLength(70);
  expect(JSON.parse((await run("--user", "bob", "--code", "invalid_client", "--json")).stdout)).toHaveLength(3);
  const first = await run("--failed", "--limit", "5");
  expect(first.stdout).toContain("misconfigured");
  const before = /--before (\d+)/.exec(first.stderr)?.[1] ?? "";
  expect(JSON.parse((await run("--failed", "--limit", "100", "--before", before, "--json")).stdout)).toHaveLength(6);
  for (const args of [
    ["--since", "soon"],
    ["--outcome", "fine"],
    ["--follow", "--until", "1h"],
    [ada?.id ?? "", "--user", "ada"],
  ])
    expect([args, (await run(...args)).code]).toEqual([args, 2]);
  expect((await run("--provider", "nobody")).code).toBe(1);
});

test("following shows each attempt as it comes, once", async () => {
  const lines: string[] = [];
  const run = runInProcess(["log", "--failed", "--follow", "--json", "--limit", "2"], {
    env: rig.env,
    onOutput: (text) => lines.push(...text.trim().split("\n")),
  });
  await until("the newest are there", async () => lines.length === 2);
  await log(bob?.id ?? "", 1, { outcome: "denied", code: "refresh_token_expired", at: "-1 minute" });
  await until("the new one came", async () => lines.length === 3);
  expect(JSON.parse(lines[2] ?? "")).toMatchObject({ connectionId: bob?.id, outcome: "denied" });
  process.emit("SIGINT", "SIGINT");
  expect((await run).code).toBe(130);
});
