import { type OutageReason, outageReasons } from "@evertoken/core";
import { readSituation } from "@evertoken/operations";
import { beforeAll, expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { until } from "../support/rig.ts";
import { createDashboardRig, type DashboardRig, page } from "./dashboard-rig.ts";

let rig: DashboardRig;

/** So many connections of so many users, an hour after their tokens ended. */
async function ended(count: number, users: number, columns: Record<string, string>): Promise<void> {
  const names = Object.keys(columns);
  await rig.pool.query(
    `INSERT INTO connections (id, user_id, external_account_id, access_token, expires_at, ${names.join(", ")})
     SELECT gen_random_uuid(), 'user-' || n % ${users}, gen_random_uuid()::text, 'sealed', now() - interval '1 hour', ${names.map((_, i) => `$${i + 2}`).join(", ")}
     FROM generate_series(1, $1) n`,
    [count, ...Object.values(columns)],
  );
}

beforeAll(async () => {
  rig = await createDashboardRig({ HUBSPOT_CLIENT_ID: "x", HUBSPOT_CLIENT_SECRET: "y" });
  const down = { status: "token_expired", last_error_code: "provider_unavailable" };
  await ended(60, 20, { provider: "hubspot", ...down });
  await ended(7, 7, { provider: "hubspot", registration: "white-label", ...down });
  await ended(5, 5, { provider: "acme", ...down });
  await ended(4, 2, { provider: "spotify", status: "needs_reauth", last_error_code: "refresh_token_expired" });
  await ended(3, 3, { provider: "spotify", status: "connected" });
  await ended(2, 1, { provider: "spotify", status: "error", last_error_code: "unreadable_token" });
  await ended(1, 1, { provider: "github-pat", status: "connected", auth_type: "personal_access_token" });
  await ended(9, 9, { provider: "spotify", status: "disconnected" });
  await rig.pool.query(
    `INSERT INTO connections (id, user_id, external_account_id, provider, status, access_token, expires_at)
     VALUES (gen_random_uuid(), 'endless', '1', 'spotify', 'needs_reauth', 'sealed', NULL), (gen_random_uuid(), 'living', '2', 'spotify', 'needs_reauth',
       'sealed', now() + interval '1 hour'), (gen_random_uuid(), 'living', '3', 'hubspot', 'connected', 'sealed', now() + interval '1 hour')`,
  );
  await rig.pool.query(
    `INSERT INTO circuits (provider, registration, fingerprint, open, code, reason, opened_at, next_probe_at, trouble_since, round_started_at)
     VALUES ('hubspot', 'default', 'f', true, 'invalid_client', 'HTTP 401', now(), now() + interval '1 hour', now(), now())`,
  );
  await rig.engine.queues.refreshQueue("acme").pause();
});

const reasons: [provider: string, reason: OutageReason, connections: number, customers: number][] = [
  ["hubspot", "registration_refused", 60, 20],
  ["hubspot", "provider_trouble", 7, 7],
  ["acme", "queue_paused", 5, 5],
  ["spotify", "needs_reauth", 5, 3],
  ["spotify", "not_refreshed", 3, 3],
  ["spotify", "unreadable_token", 2, 1],
  ["github-pat", "credential_ended", 1, 1],
];

const idsIn = (body: string): string[] =>
  [...body.matchAll(/<th scope="row"[^>]*><a href="\/connections\/([0-9a-f-]{36})"/g)].map(([, id = ""]) => id);

async function walk(url: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let next: string | undefined = url; next !== undefined; ) {
    const body = await rig.read(next);
    for (const id of idsIn(body)) ids.add(id);
    next = /rel="next" href="([^"]+)"/.exec(body)?.[1]?.replaceAll("&amp;", "&");
  }
  return ids;
}

test("each that cannot be used now counts once, on whom it is; who still has a living token does not", async () => {
  const { outages } = await readSituation(rig.engine);
  expect(
    outages.byReason.map(({ provider, reason, connections, customers }) => [provider, reason, connections, customers]),
  ).toEqual(expect.arrayContaining(reasons));
  expect(outages.byReason).toHaveLength(reasons.length);
  const { connections, customers, byCause } = outages;
  expect({ connections, customers, byCause }).toEqual({
    ...{ connections: 83, customers: 21 },
    byCause: {
      ours: { connections: 70, customers: 20 },
      provider: { connections: 7, customers: 7 },
      user: { connections: 6, customers: 3 },
    },
  });
});

test("the command says the same, and what to do", async () => {
  const { stdout } = await runInProcess(["status", "--json"], { env: rig.env });
  const { outages, troubles } = JSON.parse(stdout);
  const judged = await readSituation(rig.engine);
  const { groups: _, ...same } = judged.outages;
  expect(outages).toEqual(same);
  expect(troubles.map(({ kind, affected }: { kind: string; affected: number }) => [kind, affected])).toEqual([
    ["circuit", 61],
    ["paused", 5],
  ]);
  const said = (await runInProcess(["status"], { env: rig.env })).stdout;
  expect(said).toContain("21 customers cannot use 83 connections now: 70 on us, 7 on the provider, 6 on their users");
  expect(said).toMatch(
    /! HubSpot refuses our client registration: 61 connections are not refreshed\n.*HTTP 401.*\n {2}-> Put client id and secret right/,
  );
});

test("each number of the overview leads to exactly those that it counts", async () => {
  const body = await until("the overview says so", async () => {
    const shown = await rig.read("/");
    return shown.includes("21 customers cannot use 83 connections now") && shown;
  });
  const where =
    "status <> 'disconnected' AND (expires_at <= now() OR (expires_at IS NULL AND status = 'needs_reauth'))";
  const { rows } = await rig.pool.query<{ id: string }>(`SELECT id FROM connections WHERE ${where}`);
  expect(await walk("/connections?state=down")).toEqual(new Set(rows.map(({ id }) => id)));
  const sizes = await Promise.all(["ours", "provider", "user"].map((cause) => walk(`/connections?state=${cause}`)));
  expect(sizes.map(({ size }) => size)).toEqual([70, 7, 6]);
  for (const [provider, reason, connections] of reasons) {
    const url = `/connections?provider=${provider}&reason=${reason}`;
    expect([url, (await walk(url)).size]).toEqual([url, connections]);
    expect(await rig.read(url)).toContain(`${connections} connection`);
    expect(outageReasons[reason].words).not.toBe("");
  }
  const links = [...body.matchAll(/href="(\/connections\?state=[^"]*reason=[^"]*)">(\d+) cannot be used now/g)];
  expect(links.map(([, , count]) => count)).toEqual(["60", "7", "5"]);
  for (const [, url = "", count] of links) expect((await walk(url.replaceAll("&amp;", "&"))).size).toBe(Number(count));
  expect((await walk("/connections?state=user&q=endless")).size).toBe(1);
});

test("what makes no sense is said: a reason of what can be used", async () => {
  for (const [query, said] of [
    ["reason=needs_reauth&state=expiring", "why connections cannot be used now"],
    ["reason=bad_luck", "cannot be"],
  ]) {
    const answer = await rig.operator("GET", `/connections?${query}`, page);
    expect([answer.statusCode, answer.body.includes(said ?? "")]).toEqual([400, true]);
  }
});

test("a paused queue is resumed from the overview, by operators alone and from our own page", async () => {
  const paused = () => rig.engine.queues.refreshQueue("acme").isPaused();
  expect(await rig.read("/")).toContain(">Resume acme</button>");
  const seen = (await rig.viewer("GET", "/", page)).body;
  expect([seen.includes("acme is paused") || seen.includes("Acme is paused"), seen.includes("Resume acme")]).toEqual([
    true,
    false,
  ]);
  const token = /name="form_token" value="([^"]+)"/.exec(await rig.read("/"))?.[1] ?? "";
  const post = (browser: typeof rig.operator, form: Record<string, string>, id = "acme") =>
    browser("POST", `/providers/${id}/resume`, page, form);
  expect((await post(rig.viewer, { form_token: token })).statusCode).toBe(403);
  expect((await post(rig.operator, { form_token: "of another session" })).statusCode).toBe(403);
  expect((await post(rig.operator, { form_token: token }, "nobody")).statusCode).toBe(404);
  expect(await paused()).toBe(true);
  expect((await post(rig.operator, { form_token: token })).headers.location).toBe("/providers/acme");
  expect(await paused()).toBe(false);
  const { rows } = await rig.pool.query("SELECT actor, detail FROM audit_log WHERE action = 'queue.resumed'");
  expect(rows).toEqual([{ actor: "person:olga", detail: { queueName: "refresh-acme" } }]);
});
