import { followAuthorization } from "@evertoken/demo";
import type { Engine } from "@evertoken/engine/internal";
import { addPerson, changePerson, endSessions, findPerson, setSecondFactor } from "@evertoken/operations";
import { Secret, TOTP } from "otpauth";
import { beforeAll, expect, test, vi } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { type ConnectRig, createConnectRig, startDemo } from "../support/connect-rig.ts";
import { type Changes, origin, startReplica } from "./dashboard-harness.ts";
import { accountOf, cookieOf, type Dashboard, fieldIn, logIn, password, post, statusOf } from "./dashboard-visitor.ts";

// Each login and each new person costs a derivation of a key, on purpose.
vi.setConfig({ testTimeout: 240_000 });

let rig: ConnectRig;
let engine: Engine;
beforeAll(async () => {
  rig = await createConnectRig();
  engine = rig.engine;
});

const replica = (changes: Changes = {}) => startReplica(engine, changes);

async function audited(actor: string) {
  await engine.audit.flush();
  const { rows } = await rig.pool.query("SELECT action, detail, address FROM audit_log WHERE actor = $1 ORDER BY id", [
    actor,
  ]);
  return rows;
}

test("a logout, a revocation and a disabled person end sessions in every replica at once", async () => {
  const [one, two] = [await replica(), await replica()];
  await addPerson(engine, { name: "ada", role: "operator", password });
  await addPerson(engine, { name: "bob", role: "viewer", password });
  const [first, second, bobs] = [await logIn(one, "ada"), await logIn(two, "ada"), await logIn(two, "bob")];
  for (const dashboard of [one, two]) {
    for (const cookie of [first, second, bobs]) expect(await statusOf(dashboard, cookie)).toBe(200);
  }
  expect((await post(one, "/logout", first)).statusCode).toBe(303);
  expect([await statusOf(one, first), await statusOf(two, first), await statusOf(one, second)]).toEqual([
    401, 401, 200,
  ]);

  // Bob sees and ends his own only; Ada, an operator, everybody's.
  const [seenByBob, seenByAda] = [await accountOf(two, bobs), await accountOf(one, second)];
  expect([seenByBob.includes("<td>ada</td>"), seenByAda.includes("<td>bob</td>")]).toEqual([false, true]);
  const { rows } = await rig.pool.query("SELECT id, person FROM sessions ORDER BY person");
  const [adas, ofBob] = rows.map(({ id }) => id as string);
  const end = (dashboard: Dashboard, cookie: string, body: string, id: string) =>
    post(dashboard, `/account/sessions/${id}/end`, cookie, { form_token: fieldIn(body, "form_token") });
  const another = await logIn(two, "bob");
  expect((await end(two, another, await accountOf(two, another), adas ?? "")).statusCode).toBe(409);
  expect((await post(one, `/account/sessions/${ofBob}/end`, second, { form_token: "x" })).statusCode).toBe(403);
  expect(await statusOf(one, bobs)).toBe(200);
  expect((await end(one, second, seenByAda, ofBob ?? "")).statusCode).toBe(303);
  expect([await statusOf(one, bobs), await statusOf(two, bobs)]).toEqual([401, 401]);

  await changePerson(engine, "ada", { disabled: true });
  expect([await statusOf(one, second), (await one.login("ada", password)).statusCode]).toEqual([401, 401]);
  await changePerson(engine, "bob", { role: "operator" });
  expect(await accountOf(one, another)).toContain("bob (operator)");
  await changePerson(engine, "bob", { password: "gravel orchid lantern" });
  expect(await statusOf(two, another)).toBe(401);
  const last = await logIn(one, "bob", "gravel orchid lantern");
  expect(await endSessions(engine)).toBeGreaterThan(0);
  expect(await statusOf(two, last)).toBe(401);

  expect((await audited("person:ada")).map(({ action }) => action)).toEqual([
    ...["dashboard.logged_in", "dashboard.logged_in", "dashboard.logged_out", "dashboard.session_ended"],
    // A form that was not from her page.
    "dashboard.refused",
  ]);
  expect((await audited("person:ada"))[0]).toMatchObject({
    address: "127.0.0.1",
    detail: { role: "operator", by: "password" },
  });
  expect(await audited("nobody")).toContainEqual(expect.objectContaining({ action: "dashboard.login_refused" }));
});

test("a login ends after its time, and after its time without a request", async () => {
  const brief = await replica({ session: { lifetimeMs: 1, idleMs: 60_000 } });
  const lasting = await replica();
  const [ended, rests] = [
    await logIn(brief, "olga", "olga's password"),
    await logIn(lasting, "olga", "olga's password"),
  ];
  expect([await statusOf(lasting, ended), await statusOf(lasting, rests)]).toEqual([401, 200]);
  await rig.pool.query("UPDATE sessions SET seen_at = seen_at - interval '59 minutes'");
  expect(await statusOf(lasting, rests)).toBe(200);
  await rig.pool.query("UPDATE sessions SET seen_at = seen_at - interval '61 minutes'");
  expect(await statusOf(lasting, rests)).toBe(401);
});

test("a row that was written by SQL lets nobody in and raises nobody", async () => {
  const dashboard = await replica();
  await addPerson(engine, { name: "eve", role: "viewer", password });
  await addPerson(engine, { name: "olof", role: "operator", password });
  const cookie = await logIn(dashboard, "eve");
  await rig.pool.query("UPDATE sessions SET ends_at = now() + interval '1 year', person = 'olof' WHERE person = 'eve'");
  expect(await accountOf(dashboard, cookie)).toContain("eve (viewer)");
  const olofs = await logIn(dashboard, "olof");
  await rig.pool.query(
    "UPDATE sessions SET sealed = (SELECT sealed FROM sessions ORDER BY created_at DESC LIMIT 1) WHERE person = 'olof'",
  );
  expect(await statusOf(dashboard, cookie)).toBe(401);
  expect(await statusOf(dashboard, olofs)).toBe(200);
  await rig.pool.query("UPDATE people SET sealed = (SELECT sealed FROM people WHERE name = 'olof') WHERE name = 'eve'");
  expect(await findPerson(engine, "eve")).toBe("altered");
});

test("whose row was altered is told so, loses his sessions, and is added anew or removed by the command", async () => {
  const dashboard = await replica();
  const run = (...args: string[]) => runInProcess(["users", ...args], { env: rig.env, input: `${password}\n` });
  for (const name of ["alma", "alva"]) await addPerson(engine, { name, role: "operator", password });
  const before = await logIn(dashboard, "alma");
  await rig.pool.query(
    "UPDATE people SET sealed = overlay(sealed placing 'AAAA' from 60) WHERE name IN ('alma', 'alva')",
  );
  expect(await statusOf(dashboard, before)).toBe(401);
  const refused = await dashboard.login("alma", password);
  expect([refused.statusCode, refused.body.includes("was altered in the database")]).toEqual([401, true]);
  expect(await audited("person:alma")).toContainEqual(
    expect.objectContaining({
      action: "dashboard.login_refused",
      detail: expect.objectContaining({ code: "altered" }),
    }),
  );

  const listed = await run("list");
  expect(listed.stdout).toMatch(/alma +altered/);
  expect(listed.stderr).toContain("written past Evertoken");
  const changed = await run("role", "alma", "viewer");
  expect([changed.code, changed.stderr.includes("evertoken users remove")]).toEqual([1, true]);
  const doctor = await runInProcess(["doctor"], { env: rig.env });
  expect(doctor.stdout).toMatch(/warn +people +let in no more.*: alma, alva/);

  expect((await run("add", "alma", "--role", "viewer", "--password-stdin")).code).toBe(0);
  expect(await statusOf(dashboard, before), "a session of before").toBe(401);
  await logIn(dashboard, "alma");
  expect((await run("remove", "alva", "--yes")).code).toBe(0);
  expect((await run("remove", "alva", "--yes")).code).toBe(1);
  expect((await dashboard.login("alva", password)).body).toContain("do not match");
});

test("a person who is removed is logged out everywhere, and a new one of the name has none of his sessions", async () => {
  const [one, two] = [await replica(), await replica()];
  const add = () => addPerson(engine, { name: "rolf", role: "operator", password });
  await add();
  const cookie = await logIn(one, "rolf");
  expect(await statusOf(two, cookie)).toBe(200);
  expect((await runInProcess(["users", "remove", "rolf", "--yes"], { env: rig.env })).code).toBe(0);
  expect(await statusOf(two, cookie)).toBe(401);
  await add();
  expect(await statusOf(two, cookie)).toBe(401);
});

test("a password that was right is worth nothing once it has changed, and the right code beside it neither", async () => {
  const dashboard = await replica();
  const { base32: secret } = new Secret();
  await addPerson(engine, { name: "tim", role: "operator", password });
  await setSecondFactor(engine, "tim", secret);
  const code = () => new TOTP({ secret, digits: 6, period: 30 }).generate();
  const enter = async (ticket: string) =>
    (await post(dashboard, "/login/code", "", { ticket, code: code() })).statusCode;
  const ticketOf = async (given: string) => fieldIn((await dashboard.login("tim", given)).body, "ticket");
  const former = await ticketOf(password);
  await changePerson(engine, "tim", { password: "gravel orchid lantern" });
  expect(await enter(former)).toBe(401);
  expect(await enter(await ticketOf("gravel orchid lantern"))).toBe(303);
});

test("codes are guessed no oftener than passwords, from whatever networks, and under whatever name beside the ticket", async () => {
  const dashboard = await replica();
  await addPerson(engine, { name: "theo", role: "operator", password });
  await setSecondFactor(engine, "theo", new Secret().base32);
  const ticket = fieldIn((await dashboard.login("theo", password)).body, "ticket");
  const fresh = fieldIn((await dashboard.login("theo", password)).body, "ticket");
  const guess = async (n: number) =>
    (
      await post(dashboard, "/login/code", "", {
        name: `somebody ${n}`,
        ticket: n % 2 ? ticket : fresh,
        code: "1234567",
      })
    ).statusCode;
  const statuses: number[] = [];
  for (let n = 0; n < 25; n++) statuses.push(await guess(n));
  // Two passwords before.
  expect(statuses).toEqual([...Array(18).fill(401), ...Array(7).fill(429)]);
});

test("common, short and own-name passwords are refused, by the command too", async () => {
  for (const weak of ["short", "password1234", "qwertyuiop12", "aaaaaaaaaaaaaa", "nora@example nora"]) {
    await expect(addPerson(engine, { name: "nora@example", role: "viewer", password: weak }), weak).rejects.toThrow(
      "password",
    );
  }
  const add = (input: string) =>
    runInProcess(["users", "add", "nora", "--role", "viewer", "--password-stdin"], { env: rig.env, input });
  const refused = await add("password1234\n");
  expect([refused.code, refused.stderr.includes("common"), refused.stderr.includes("password1234")]).toEqual([
    1,
    true,
    false,
  ]);
  expect((await add(`${password}\n`)).code).toBe(0);
  expect((await add(`${password}\n`)).stderr).toContain("already");
  const made = await runInProcess(["users", "add", "noor", "--role", "operator", "--json"], { env: rig.env });
  await logIn(await replica(), "noor", JSON.parse(made.stdout).password);
  const listed = await runInProcess(["users", "list"], { env: rig.env });
  expect(listed.stdout).toMatch(/noor +operator +no +no/);
  const doctor = await runInProcess(["doctor"], { env: rig.env });
  expect(doctor.stdout).toMatch(/warn +second factors +a password alone lets in: .*noor/);
  const needed = { ...rig.env, DASHBOARD_SECOND_FACTOR_NEEDED: "true" };
  expect((await runInProcess(["doctor"], { env: needed })).stdout).toMatch(/ok +second factors +nobody comes in/);
  expect((await runInProcess(["users", "role", "nobody", "viewer"], { env: rig.env })).code).toBe(1);
  expect((await runInProcess(["users", "role", "noor", "king"], { env: rig.env })).code).toBe(2);
});

test("by OpenID Connect come those to whom a claim gives a role, in the browser that began it", async () => {
  const callback = `${origin}/login/openid/callback`;
  const { demo } = await startDemo([callback]);
  const openId = {
    ...{
      issuer: demo.issuer,
      clientId: "evertoken-demo",
      clientSecret: "demo secret +:",
      scopes: "openid profile email",
    },
    ...{ nameClaim: "name", roleClaim: "email", operators: ["ada@demo.example"], viewers: ["bob@demo.example"] },
  };
  const [one, two] = [await replica({ openId, publicUrl: origin }), await replica({ openId, publicUrl: origin })];
  const begin = async () => {
    const out = await one.app.inject({ url: "/login/openid?next=%2Fproviders" });
    return { cookie: cookieOf(out), authorizeUrl: `${out.headers.location}` };
  };
  const comeBack = (dashboard: Dashboard, back: URL, cookie: string) =>
    dashboard.app.inject({ url: `${back.pathname}${back.search}`, headers: { cookie, host: "dashboard.test" } });
  const logInAs = async (login: string) => {
    const { cookie, authorizeUrl } = await begin();
    const back = await followAuthorization({ authorizeUrl, redirectUri: callback, login, decision: "allow" });
    return { cookie, back };
  };
  expect((await one.app.inject({ url: "/login" })).body).toContain("/login/openid?next=");

  const { cookie, back } = await logInAs("ada");
  expect((await comeBack(two, back, "")).statusCode, "another browser").toBe(401);
  expect((await comeBack(two, back, (await begin()).cookie)).statusCode, "another flow").toBe(401);
  const entered = await comeBack(two, back, cookie);
  expect([entered.statusCode, entered.headers.location]).toEqual([303, "/providers"]);
  const session =
    `${[entered.headers["set-cookie"]].flat().find((line) => `${line}`.startsWith("__Host-evertoken="))}`.split(
      ";",
      1,
    )[0] ?? "";
  expect(await accountOf(one, session)).toContain("sso:ada (operator)");
  expect(await audited("person:sso:ada")).toMatchObject([
    { action: "dashboard.logged_in", detail: { by: "openid", subject: "ada" } },
  ]);
  expect((await post(two, "/logout", session)).statusCode).toBe(303);
  expect(await statusOf(one, session)).toBe(401);

  const stranger = await logInAs("mallory");
  const refused = await comeBack(one, stranger.back, stranger.cookie);
  expect([refused.statusCode, refused.body.includes("have no role here")]).toEqual([401, true]);
  expect(await audited("person:sso:mallory")).toMatchObject([
    { action: "dashboard.login_refused", detail: { code: "no_role", count: 1 } },
  ]);
  const viewer = await logInAs("bob");
  expect((await comeBack(one, viewer.back, viewer.cookie)).statusCode).toBe(303);
});
