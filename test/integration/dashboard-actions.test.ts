import { readConnectLink } from "@evertoken/engine/internal";
import { beforeAll, expect, test } from "vitest";
import { attempts, events, patch } from "../support/drive.ts";
import { createDashboardRig, type DashboardRig, page } from "./dashboard-rig.ts";

let rig: DashboardRig;
beforeAll(async () => {
  rig = await createDashboardRig();
  await rig.start("worker");
});

async function audited(id: string) {
  const { rows } = await rig.pool.query(
    "SELECT actor, action, detail FROM audit_log WHERE connection_id = $1 AND actor LIKE 'person:%' ORDER BY id",
    [id],
  );
  return rows;
}

const done = (answer: { headers: Record<string, unknown> }) => `${answer.headers.location}`;

test("refresh now runs the connection's own job, is audited, and stands in the timeline", async () => {
  const { id } = await rig.connect();
  const answer = await rig.act(rig.operator, id, "refresh");
  expect([answer.statusCode, done(answer)]).toEqual([303, `/connections/${id}?done=refreshing`]);
  const [logged] = await attempts(rig, id, 1);
  expect(logged).toMatchObject({ trigger: "manual", outcome: "granted" });
  expect(await audited(id)).toEqual([
    { actor: "person:olga", action: "connection.scheduled", detail: { when: "now", force: false } },
  ]);
  const body = await rig.read(done(answer));
  expect(body).toContain("The refresh was brought forward");
  expect(body).toMatch(/granted<\/span> refresh \(manual\)/);
  expect(body).toContain("connection.created");
  expect(body).toMatch(/connection\.scheduled<\/span> by person:olga/);
  const line = rig.dashboard.logged
    .map((text) => JSON.parse(text))
    .findLast(({ event }) => event === "dashboard.action");
  expect(line).toMatchObject({ user: "olga", action: "POST /connections/:id/refresh", target: { id }, status: 303 });
});

test("a wait that the provider asked for is kept unless forced", async () => {
  const { id } = await rig.connect();
  await patch(rig, id, "not_before = now() + interval '1 hour'");
  expect(done(await rig.act(rig.operator, id, "refresh"))).toContain("done=waiting");
  expect(await rig.log(id)).toEqual([]);
  expect(await rig.read(`/connections/${id}`)).toContain("Not before");
  expect(done(await rig.act(rig.operator, id, "refresh", { force: "yes" }))).toContain("done=refreshing");
  await attempts(rig, id, 1);
});

test("schedule puts the job back where the end of the token wants it", async () => {
  const { id, generation, nextRefreshAt } = await rig.connect();
  await patch(rig, id, "next_refresh_at = now() + interval '1 day'");
  expect(done(await rig.act(rig.operator, id, "schedule"))).toContain("done=scheduled");
  expect((await rig.row(id)).next_refresh_at).toEqual(nextRefreshAt);
  expect((await rig.job({ id, generation }))?.dueAt).toEqual(nextRefreshAt);
});

test("sync is asked for", async () => {
  const { id } = await rig.connect();
  expect(done(await rig.act(rig.operator, id, "sync"))).toContain("done=syncing");
  expect((await rig.row(id)).last_sync_status).not.toBeNull();
  expect((await audited(id)).map(({ action }) => action)).toEqual(["sync.requested"]);
});

test("tags are changed beside what others change meanwhile", async () => {
  const { id } = await rig.connect();
  await rig.client.connections.update(id, { tags: ["gold", "others"] });
  const answer = await rig.act(rig.operator, id, "tags", { was: "gold", tags: "  silver, eu " });
  expect(done(answer)).toContain("done=tagged");
  expect((await rig.row(id)).tags).toEqual(["eu", "others", "silver"]);
  expect(await audited(id)).toMatchObject([{ action: "connection.tagged", detail: { tags: "eu others silver" } }]);
  const wrong = await rig.act(rig.operator, id, "tags", { was: "", tags: "Not one" });
  expect([wrong.statusCode, wrong.body.includes("needs a tag")]).toEqual([400, true]);
  expect(await rig.read(`/connections/${id}`)).toContain('<a href="/connections?tag=silver">silver</a>');
});

test("disconnecting has to be confirmed, then erases and revokes", async () => {
  const { id } = await rig.connect();
  const unsure = await rig.act(rig.operator, id, "disconnect");
  expect([unsure.statusCode, (await rig.row(id)).status]).toEqual([400, "connected"]);
  expect(done(await rig.act(rig.operator, id, "disconnect", { sure: "yes" }))).toContain("done=revoked");
  expect(await rig.row(id)).toMatchObject({ status: "disconnected", access_token: null, refresh_token: null });
  expect(await events(rig, id)).toContain("connection.disconnected");
  const again = await rig.act(rig.operator, id, "refresh");
  expect([again.statusCode, again.body.includes("disconnected this account")]).toEqual([409, true]);
  expect(await rig.read(`/connections/${id}`)).not.toContain("Refresh now");
});

test("the reconnect link is for this one connection, and in no address or log", async () => {
  const { id } = await rig.connect({ userId: "user of the link" });
  const answer = await rig.act(rig.operator, id, "reconnect-link");
  const link = /value="([^"]+\/connect\?link=[^"]+)"/.exec(answer.body)?.[1] ?? "";
  const read = readConnectLink(rig.engine, new URL(link).searchParams.get("link") ?? "");
  expect([answer.statusCode, read?.visitor]).toMatchObject([
    200,
    { userId: "user of the link", returnUrl: null, providers: ["acme"], userEmail: null, connectionId: id },
  ]);
  expect(rig.dashboard.logged.join("")).not.toContain("link=");
  expect(rig.dashboard.logged.join("")).not.toContain("user of the link");
});

test("the first button is the one that helps: who waits for its user gets a link, and can be asked for once more", async () => {
  const { id } = await rig.connect();
  const buttons = async () => {
    const card = /aria-label="Actions">.*?<\/section>/s.exec(await rig.read(`/connections/${id}`))?.[0] ?? "";
    return [...card.matchAll(/<button[^>]*>([^<]+)</g)].map(([, text]) => text);
  };
  expect((await buttons())[0]).toBe("Refresh now");
  await patch(rig, id, "status = 'needs_reauth', next_refresh_at = NULL, last_error_code = 'refresh_token_expired'");
  expect((await buttons()).slice(0, 2)).toEqual(["Make a reconnect link", "Ask the provider once more"]);
  expect(done(await rig.act(rig.operator, id, "refresh", { force: "yes" }))).toContain("done=refreshing");
  expect((await attempts(rig, id, 1))[0]).toMatchObject({ trigger: "manual", outcome: "granted" });
  expect(await audited(id)).toMatchObject([{ action: "connection.scheduled", detail: { when: "now", force: true } }]);
  await patch(rig, id, "status = 'disconnected'");
  expect(await buttons()).toEqual(["Make a reconnect link", "Save tags"]);
});

const actions = ["refresh", "schedule", "sync", "tags", "disconnect", "reconnect-link"];

test("viewers see no buttons, and are refused whatever they send", async () => {
  const { id } = await rig.connect();
  const seen = await rig.viewer("GET", `/connections/${id}`, page);
  expect(seen.statusCode).toBe(200);
  expect(seen.body).not.toMatch(/<form|form_token/);
  const before = await rig.row(id);
  for (const action of actions) {
    expect((await rig.act(rig.viewer, id, action, { sure: "yes" })).statusCode, action).toBe(403);
  }
  expect([await rig.row(id), await audited(id)]).toEqual([before, []]);
});

test("a form without the token of this login, or from elsewhere, does nothing", async () => {
  const { id } = await rig.connect();
  const before = await rig.row(id);
  const another = await rig.dashboard.browserOf("olga");
  const token = /name="form_token" value="([^"]+)"/.exec((await another("GET", `/connections/${id}`, page)).body)?.[1];
  for (const action of actions) {
    for (const form_token of ["", "x", token ?? ""]) {
      const answer = await rig.operator("POST", `/connections/${id}/${action}`, page, { form_token, sure: "yes" });
      expect([answer.statusCode, answer.body.includes("did not come from a page of this session")]).toEqual([
        403,
        true,
      ]);
    }
    const headers = { ...page, origin: "https://evil.test" };
    expect(
      (await another("POST", `/connections/${id}/${action}`, headers, { form_token: token ?? "" })).statusCode,
    ).toBe(403);
  }
  expect([await rig.row(id), await audited(id)]).toEqual([before, []]);
});

test("ids that are not there or none at all, and odd pages, are told so", async () => {
  const { id } = await rig.connect();
  const nobody = "00000000-0000-4000-8000-000000000000";
  for (const url of [`/connections/${nobody}`, "/connections/x", "/connections/%00", `/connections/${id}/refresh`]) {
    const answer = await rig.operator("GET", url, page);
    expect([url, answer.statusCode, answer.body.includes("<h1>")]).toEqual([url, 404, true]);
  }
  expect((await rig.act(rig.operator, nobody, "refresh")).statusCode).toBe(404);
  for (const before of ["x", "r", "r1x2", "-1", `r${"9".repeat(30)}`]) {
    expect((await rig.operator("GET", `/connections/${id}?before=${before}`, page)).statusCode, before).toBe(400);
  }
});
