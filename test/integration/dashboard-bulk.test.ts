import { bulkActions } from "@evertoken/engine/internal";
import { beforeAll, expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";
import { createDashboardRig, type DashboardRig, page } from "./dashboard-rig.ts";

let rig: DashboardRig;
beforeAll(async () => {
  rig = await createDashboardRig();
  await rig.start("worker");
});

type Fields = Readonly<Record<string, string | readonly string[]>>;

function formOf(body: string, fields: Fields): URLSearchParams {
  const hidden = /<form[^>]*id="bulk".*?<\/form>/s.exec(body)?.[0] ?? "";
  const form = new URLSearchParams();
  const inForm = [...hidden.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)];
  for (const [, name = "", value = ""] of inForm) form.set(name, value.replaceAll("&amp;", "&"));
  for (const [name, value] of Object.entries(fields))
    for (const each of [value].flat()) form.append(name, each as string);
  return form;
}

/** Fills the form of a list, and sends it. */
async function send(list: string, fields: Fields) {
  const form = formOf(await rig.read(list), fields);
  return { form, answer: await rig.operator("POST", "/connections/bulk", page, form) };
}

const placeOf = (answer: { headers: Record<string, unknown> }) => `${answer.headers.location}`;
const idIn = (place: string) => place.split("/").at(-1) ?? "";

async function finished(place: string) {
  await until("it is finished", async () => (await bulkActions.find(rig.engine, idIn(place)))?.state === "finished");
  return (await bulkActions.find(rig.engine, idIn(place))) ?? expect.fail("it is gone");
}

const audited = async (bulk: string) =>
  (
    await rig.pool.query(
      "SELECT actor, action, connection_id, detail FROM audit_log WHERE detail->>'bulk' = $1 ORDER BY id",
      [bulk],
    )
  ).rows;

const connect = (userId: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => rig.connect({ userId })));

test("a tag is added to those that are ticked; the same form again is the same action, and does nothing more", async () => {
  const [a, b, c] = await connect("ticks", 3);
  const { form, answer } = await send("/connections?q=ticks", {
    ...{ which: "chosen", deed: "tag", tag: "vip", id: [a?.id ?? "", b?.id ?? ""] },
  });
  expect(answer.statusCode, answer.body).toBe(303);
  const action = await finished(placeOf(answer));
  expect(action).toMatchObject({
    total: 2,
    done: 2,
    refused: 0,
    order: { deed: "tag", tag: "vip", actor: "person:olga" },
  });
  const tags = await Promise.all([a, b, c].map(async (each) => (await rig.row(each?.id ?? "")).tags));
  expect(tags).toEqual([["vip"], ["vip"], []]);
  const told = await audited(action.id);
  expect(told.map(({ action: what }) => what)).toEqual([
    "connections.bulk_started",
    ...Array(2).fill("connection.tagged"),
  ]);
  const again = await rig.operator("POST", "/connections/bulk", page, form);
  expect(placeOf(again)).toBe(placeOf(answer));
  expect(await audited(action.id)).toEqual(told);
  form.set("deed", "untag");
  const other = await rig.operator("POST", "/connections/bulk", page, form);
  expect(placeOf(other)).not.toBe(placeOf(answer));
  await finished(placeOf(other));
  expect((await rig.row(a?.id ?? "")).tags).toEqual([]);
});

test("all that match are those of the filter, beyond the page; what is refused says why, on the page and in the sheet", async () => {
  const alive = await connect("matching", 60);
  const [dead] = await connect("matching", 1);
  await patch(
    rig,
    dead?.id ?? "",
    "status = 'needs_reauth', next_refresh_at = NULL, last_error_code = 'refresh_token_expired'",
  );
  await connect("elsewhere", 1);
  const { answer } = await send("/connections?q=matching", { which: "all", deed: "schedule" });
  const action = await finished(placeOf(answer));
  expect(action).toMatchObject({ total: 61, done: 60, refused: 1 });
  const body = await rig.read(placeOf(answer));
  expect(body).toContain(`<a href="/connections/${dead?.id}">`);
  expect(body).toContain("refresh token expired: the user has to reconnect this account");
  const sheet = (await rig.operator("GET", `${placeOf(answer)}/items.csv`, page)).body.trimEnd().split("\r\n");
  expect(sheet).toHaveLength(62);
  expect(sheet.filter((line) => line.includes(",refused,"))).toEqual([expect.stringContaining(dead?.id ?? "-")]);
  await until("all were refreshed", async () => {
    const rows = await Promise.all(alive.map(({ id }) => rig.row(id)));
    return rows.every(({ generation }) => generation === 2);
  });
  const { rows } = await rig.pool.query("SELECT DISTINCT trigger FROM token_refresh_log WHERE connection_id = $1", [
    alive[0]?.id,
  ]);
  expect(rows).toEqual([{ trigger: "bulk" }]);
});

test("a refresh waits for what comes of each", async () => {
  const [good, bad] = await connect("waits", 2);
  await rig.server.behave(lies.serverError, { family: bad?.family ?? "" });
  const { answer } = await send("/connections?q=waits", { which: "page", deed: "refresh" });
  expect(await finished(placeOf(answer))).toMatchObject({ total: 2, done: 1, refused: 1 });
  const { body } = await rig.operator("GET", `${placeOf(answer)}/items.csv`, page);
  expect(body).toMatch(new RegExp(`${good?.id}.*,done,`));
  expect(body).toMatch(new RegExp(`${bad?.id}.*,refused,provider_unavailable`));
});

test("disconnecting is confirmed by typing what it does, with the number that was chosen", async () => {
  const all = await connect("goodbye", 3);
  const { answer } = await send("/connections?q=goodbye", { which: "all", deed: "disconnect" });
  const place = placeOf(answer);
  const late = await connect("goodbye", 1);
  const asked = await rig.read(place);
  expect(asked).toContain("disconnect 3");
  const form_token = /name="form_token" value="([^"]+)"/.exec(asked)?.[1] ?? "";
  for (const typed of ["", "disconnect", "disconnect 4", "yes"]) {
    const wrong = await rig.operator("POST", `${place}/start`, page, { form_token, typed });
    expect([typed, wrong.statusCode]).toEqual([typed, 400]);
  }
  expect((await rig.row(all[0]?.id ?? "")).status).toBe("connected");
  expect(await audited(idIn(place))).toEqual([]);
  const right = await rig.operator("POST", `${place}/start`, page, { form_token, typed: " Disconnect 3 " });
  expect(placeOf(right)).toBe(place);
  expect(await finished(place)).toMatchObject({ total: 3, done: 3, refused: 0 });
  for (const { id } of all) expect(await rig.row(id)).toMatchObject({ status: "disconnected", refresh_token: null });
  // What came after the choice was not chosen.
  expect((await rig.row(late[0]?.id ?? "")).status).toBe("connected");
});

test("one that was cut short goes on where it was, and does nothing twice", async () => {
  const all = await connect("interrupted", 25);
  const id = crypto.randomUUID();
  const order = { deed: "disconnect", tag: null, actor: "person:olga" } as const;
  await bulkActions.choose(rig.engine, id, order, [all.map((each) => each.id)]);
  let looks = 0;
  const cut = {
    throwIfAborted() {
      looks++;
      if (looks === 4) throw new Error("killed");
    },
  } as AbortSignal;
  await expect(bulkActions.run(rig.engine, id, cut)).rejects.toThrow("killed");
  expect(await bulkActions.find(rig.engine, id)).toMatchObject({ state: "open", total: 25, done: 20, refused: 0 });
  expect(await rig.read(`/connections/bulk/${id}`)).toContain("Go on");
  // As if the last ten had not been written down before the end.
  await rig.pool.query(
    "UPDATE bulk_items SET outcome = NULL WHERE bulk_id = $1 AND connection_id IN (SELECT connection_id FROM bulk_items WHERE bulk_id = $1 AND outcome = 'done' LIMIT 10)",
    [id],
  );
  await bulkActions.start(rig.engine, id);
  expect(await finished(`/${id}`)).toMatchObject({ total: 25, done: 25, refused: 0 });
  const { rows } = await rig.pool.query(
    "SELECT count(*)::int AS n FROM outbox WHERE event = 'connection.disconnected' AND connection_id = ANY($1)",
    [all.map((each) => each.id)],
  );
  expect(rows).toEqual([{ n: 25 }]);
});

test("a row that SQL has written or changed does nothing", async () => {
  const [one] = await connect("forged", 1);
  const [mine, forged] = [crypto.randomUUID(), crypto.randomUUID()];
  await bulkActions.choose(rig.engine, mine, { deed: "tag", tag: "x", actor: "person:olga" }, [[one?.id ?? ""]]);
  await rig.pool.query(
    "INSERT INTO bulk_actions (id, sealed, total) SELECT $2, sealed, 1 FROM bulk_actions WHERE id = $1",
    [mine, forged],
  );
  expect(await bulkActions.find(rig.engine, forged)).toBeNull();
  await expect(bulkActions.run(rig.engine, forged, new AbortController().signal)).rejects.toThrow("not one of ours");
});

test("reconnect links come as a sheet, with why there is none", async () => {
  const [one] = await connect("links", 1);
  await rig.client.connections.import({
    userId: "links",
    provider: "acme",
    externalAccountId: "key",
    accessToken: "k",
    authType: "api_key",
  });
  const { answer } = await send("/connections?q=links", { which: "all", deed: "links" });
  const lines = answer.body.trimEnd().split("\r\n");
  expect(lines).toHaveLength(3);
  expect(lines.find((line) => line.startsWith(one?.id ?? "-"))).toMatch(/\/connect\?link=/);
  expect(lines.filter((line) => line.includes("not connected by consent"))).toHaveLength(1);
  expect(answer.headers["content-disposition"]).toContain("evertoken-reconnect-links.csv");
  const { rows } = await rig.pool.query("SELECT actor FROM audit_log WHERE action = 'connect.links_downloaded'");
  expect(rows).toEqual([{ actor: "person:olga" }]);
});

test.each([
  [{ which: "chosen", deed: "schedule" }, "No connection is ticked"],
  [{ which: "chosen", deed: "schedule", id: "x" }, "no connections"],
  [{ which: "all", deed: "obliterate" }, "&quot;deed&quot; can be"],
  [{ which: "all", deed: "tag", tag: "No tag" }, "needs a tag"],
  [{ which: "all", deed: "schedule", filter: "/connections?status=fine" }, "cannot be"],
  [{ which: "all", deed: "schedule", mark: "x" }, "did not come whole"],
] as const)("%j is answered with what is wrong", async (fields, text) => {
  const form = formOf(await rig.read("/connections"), {});
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  const answer = await rig.operator("POST", "/connections/bulk", page, form);
  expect([answer.statusCode, answer.body.includes(text)]).toEqual([400, true]);
});

test("viewers see none of it, and are refused whatever they send; so is a form from elsewhere", async () => {
  const [one] = await connect("watched", 1);
  const seen = await rig.viewer("GET", "/connections?q=watched", page);
  expect([seen.statusCode, /type="checkbox"|connections\/bulk/.test(seen.body)]).toEqual([200, false]);
  const fields = { which: "chosen", deed: "disconnect", id: one?.id ?? "" };
  const { form, answer } = await send("/connections?q=watched", fields);
  const place = placeOf(answer);
  for (const [method, url] of [
    ["POST", "/connections/bulk"],
    ["POST", `${place}/start`],
    ["GET", place],
    ["GET", `${place}/items.csv`],
  ] as const) {
    const refused = await rig.viewer(method, url, page, method === "POST" ? form : undefined);
    expect([url, refused.statusCode]).toEqual([url, 403]);
  }
  form.set("form_token", "of somebody else");
  for (const url of ["/connections/bulk", `${place}/start`]) {
    form.set("typed", "disconnect 1");
    expect((await rig.operator("POST", url, page, form)).statusCode).toBe(403);
  }
  expect((await rig.row(one?.id ?? "")).status).toBe("connected");
  expect((await rig.operator("GET", "/connections/bulk/00000000-0000-4000-8000-000000000000", page)).statusCode).toBe(
    404,
  );
});
