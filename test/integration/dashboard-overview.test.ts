import { beforeAll, expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { until } from "../support/rig.ts";
import { createDashboardRig, type DashboardRig, page } from "./dashboard-rig.ts";

let rig: DashboardRig;
beforeAll(async () => {
  rig = await createDashboardRig();
});

/** Everything between the tags, as it is read. */
const textOf = (body: string): string =>
  body
    .replace(/<(style|script|svg)[\s\S]*?<\/\1>/g, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ");

async function overview(wanted: RegExp): Promise<string> {
  return until(`the overview says ${wanted}`, async () => {
    const text = textOf(await rig.read("/"));
    return wanted.test(text) && text;
  });
}

test("an empty service says so", async () => {
  const text = textOf(await rig.read("/"));
  for (const part of [
    "Nothing needs you",
    "0 all connections",
    "No account is connected yet",
    "Failures, last 24 h None, as of ",
  ]) {
    expect(text).toContain(part);
  }
});

test("counts lead to the lists of what they count, and ends are drawn", async () => {
  const [first] = [await rig.connect(), await rig.connect({ expiresIn: 120 }), await rig.connect()];
  await patch(rig, first.id, "status = 'needs_reauth', next_refresh_at = NULL");
  const text = await overview(/3 all connections/);
  expect(text).toContain("1 needs reauth");
  const body = await rig.read("/");
  expect(body).toContain('href="/connections?provider=acme&amp;status=needs_reauth">1</a>');
  expect(body).toMatch(
    /<svg [^>]*role="img" aria-label="Tokens that end in the next hour: 3 tokens; most in one bar: 2\."/,
  );
  expect(text).toMatch(/Within tokens 5 min 1 10 min 0/);
});

test("refreshes and failures are told by hour, provider and reason", async () => {
  const { id } = await rig.connect();
  const log = (outcome: string, code: string | null, ms: number, count: number) =>
    rig.pool.query(
      `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, error_code, duration_ms, generation)
       SELECT $1, 'acme', 'scheduled', $2 = 'granted', $2, $3, $4, 1 FROM generate_series(1, $5)`,
      [id, outcome, code, ms, count],
    );
  await log("granted", null, 100, 90);
  await log("transient", "provider_unavailable", 3000, 7);
  await log("denied", "refresh_token_expired", 200, 3);
  const text = await overview(/acme.* 100 90\.0 % (8|9|10|11)\d ms (2\.\d|3\.\d) s/i);
  expect(text).toMatch(/transient provider_unavailable 7 .* denied refresh_token_expired 3 /);
  const body = await rig.read("/");
  expect(body).toContain("90 refreshed, 0 told to wait, 7 provider or network trouble, 3 refused or unusable");
  expect(body).toContain('href="/log/connections?provider=acme&amp;outcome=denied&amp;code=refresh_token_expired"');
});

test("of each time bars and numbers open what they count", async () => {
  for (const range of ["1h", "24h", "7d", "30d"]) {
    const body = await until(`the last ${range} are counted`, async () => {
      const shown = await rig.read(`/?range=${range}`);
      return shown.includes("90 refreshed") && shown;
    });
    const bars = [...body.matchAll(/<a href="(\/log\?[^"]*since=[^"]*)" tabindex="-1"/g)].map(([, url = ""]) =>
      url.replaceAll("&amp;", "&"),
    );
    const pages = await Promise.all([...new Set(bars)].map((url) => rig.read(url)));
    expect([range, pages.length > 0, pages.every((each) => each.includes("data-entry"))]).toEqual([range, true, true]);
    expect(pages.some((each) => each.includes("refresh token expired"))).toBe(true);
  }
  for (const [query, said] of Object.entries({ "range=2h": "cannot be", "colour=red": "There is no filter" })) {
    const answer = await rig.operator("GET", `/?${query}`, page);
    expect([answer.statusCode, answer.body.includes(said)]).toEqual([400, true]);
  }
});

test("open circuits, limits and overdue refreshes stand at the top, with what to do", async () => {
  const { id } = await rig.connect();
  await rig.pool.query(
    `INSERT INTO circuits (provider, registration, fingerprint, open, code, reason, opened_at, next_probe_at, trouble_since, round_started_at)
     VALUES ('acme', 'white-label', 'f', true, 'unknown_answer', 'HTTP 418 <teapot>', now() - interval '1 hour', now() + interval '4 minutes',
       now(), now())`,
  );
  await rig.pool.query(
    `INSERT INTO provider_states (provider, registration, fingerprint, throttled_until)
     VALUES ('acme', 'default', 'f', now() + interval '10 minutes')`,
  );
  const text = await overview(/Circuit open/);
  expect(text).toMatch(
    /Since 1 h ago \. Looked at again in \d.* acme\/white-label\. unknown_answer: HTTP 418 &lt;teapot&gt;/,
  );
  expect(text).toContain("describe the answer in its file");
  expect(text).toContain("asked us to wait Nothing needs to be done. Goes on in ");
  await patch(rig, id, "next_refresh_at = now() - interval '2 hours', provider = 'beta'");
  const late = await overview(/beta: 1 refresh is late/);
  expect(late).toContain("No worker has been heard of");
  expect(late).toMatch(new RegExp(`The oldest by 2 h, .* For example ${id}`));
});

test("queues show what waits in them, and providers what is known of them", async () => {
  const text = await overview(/refresh-acme 0 0 [1-9]/);
  expect(text).toContain("empty queues");
  await rig.engine.queues.refreshQueue("acme").pause();
  expect(textOf(await rig.read("/"))).toMatch(/refresh-acme paused/);
  const providers = textOf(await rig.read("/providers"));
  expect(providers).toMatch(
    /acme .*\d+ connected .* refresh-acme paused .* Token lives 30 min Refreshed 5 min \(the default\) before its end/i,
  );
  expect(providers).toContain("a new one each time; the old one is spent");
  await rig.engine.queues.refreshQueue("acme").resume();
});

test("one connection shows everything but its tokens, and its past in pages", async () => {
  const { id } = await rig.connect({ userId: "<b>user</b>", displayName: '"><script>alert(1)</script>' });
  await patch(rig, id, "lease_owner = 'host:1:abc', lease_until = now() + interval '1 minute', parent_id = NULL");
  await rig.pool.query(
    `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, duration_ms, generation, created_at)
     SELECT $1, 'acme', 'scheduled', true, 'granted', n, n, now() - n * interval '1 minute' FROM generate_series(70, 1, -1) n`,
    [id],
  );
  await rig.pool.query("INSERT INTO audit_log (actor, action, connection_id) VALUES ('key:1', 'token.read', $1)", [id]);
  const seen: string[] = [];
  for (let next: string | undefined = `/connections/${id}`; next !== undefined; ) {
    const body = await rig.read(next);
    seen.push(...[...body.matchAll(/data-entry="(\w+?)\d+"/g)].map(([, kind = ""]) => kind));
    if (next === `/connections/${id}`) {
      const text = textOf(body);
      for (const part of ["by host:1:abc", "&lt;b&gt;user&lt;/b&gt;", "delayed , due in", "Token sets so far 1"])
        expect(text).toContain(part);
      expect(body).not.toContain("<script>alert");
    }
    next = /rel="next" href="([^"]+)"/.exec(body)?.[1];
  }
  expect(seen).toHaveLength(73);
  expect(seen.slice(0, 3).sort()).toEqual(["audit", "audit", "event"]);
});
