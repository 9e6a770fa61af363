import type { Engine } from "@evertoken/engine/internal";
import { addPerson, findPerson, type Person } from "@evertoken/operations";
import { TOTP } from "otpauth";
import { beforeAll, expect, test, vi } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { type ConnectRig, createConnectRig } from "../support/connect-rig.ts";
import { type Changes, startReplica } from "./dashboard-harness.ts";
import {
  accountOf,
  cookieOf,
  type Dashboard,
  fieldIn,
  keyIn,
  logIn,
  page,
  password,
  post,
  statusOf,
} from "./dashboard-visitor.ts";

// Each login and each new person costs a derivation of a key, on purpose.
vi.setConfig({ testTimeout: 240_000 });

let rig: ConnectRig;
let engine: Engine;
beforeAll(async () => {
  rig = await createConnectRig();
  engine = rig.engine;
});

const replica = (changes: Changes = {}) => startReplica(engine, changes);

async function stored(name: string): Promise<Person> {
  const person = await findPerson(engine, name);
  if (person === null || person === "altered") throw new Error(`${name} is ${person}`);
  return person;
}

const totpOf = (secret: string) => new TOTP({ secret, digits: 6, period: 30 });
/** The code of a later step, which the window of one step still takes: one of now may be used up. */
const nextCode = (totp: TOTP) => totp.generate({ timestamp: Date.now() + 30_000 });
const codesIn = (body: string) =>
  [...body.matchAll(/<li>((?:[A-Z2-7]{6}-){3}[A-Z2-7]{6})<\/li>/g)].map(([, code]) => `${code}`);

async function actionsOf(name: string): Promise<string[]> {
  await engine.audit.flush();
  const { rows } = await rig.pool.query("SELECT action, detail FROM audit_log WHERE actor = $1 ORDER BY id", [
    `person:${name}`,
  ]);
  return rows.map(({ action, detail }) => [action, detail?.second, detail?.left].filter(Boolean).join(" "));
}

async function addWithFactor(dashboard: Dashboard, name: string) {
  await addPerson(engine, { name, role: "viewer", password });
  const cookie = await logIn(dashboard, name);
  const body = await accountOf(dashboard, cookie);
  const totp = totpOf(keyIn(body));
  const form = { form_token: fieldIn(body, "form_token"), secret: fieldIn(body, "secret"), present: password };
  const set = await post(dashboard, "/account/second-factor", cookie, { ...form, code: totp.generate() });
  expect([set.statusCode, set.headers["cache-control"]]).toEqual([200, "no-store"]);
  return { cookie, totp, form, codes: codesIn(set.body) };
}

/** With the password and what is asked for then. */
async function logInWith(dashboard: Dashboard, name: string, code: string): Promise<number> {
  const asked = await dashboard.login(name, password);
  expect([asked.statusCode, asked.headers["set-cookie"]]).toEqual([200, undefined]);
  return (await post(dashboard, "/login/code", "", { ticket: fieldIn(asked.body, "ticket"), code })).statusCode;
}

test("who has set a second factor needs it, each code once, until the command takes it away", async () => {
  const dashboard = await replica();
  await addPerson(engine, { name: "tess", role: "viewer", password });
  const [cookie, other] = [await logIn(dashboard, "tess"), await logIn(dashboard, "tess")];
  const body = await accountOf(dashboard, cookie);
  const totp = totpOf(keyIn(body));
  const form = { form_token: fieldIn(body, "form_token"), secret: fieldIn(body, "secret"), present: password };
  const set = async (changes: Record<string, string>) =>
    (await post(dashboard, "/account/second-factor", cookie, { ...form, code: totp.generate(), ...changes }))
      .statusCode;
  for (const wrong of [{ code: "000000" }, { secret: "v1.forged" }, { present: "another password" }, { present: "" }]) {
    expect([wrong, await set(wrong), (await stored("tess")).codeSecret]).toEqual([wrong, 400, null]);
  }
  const first = totp.generate();
  expect(await set({ code: first })).toBe(200);
  expect([await statusOf(dashboard, cookie), await statusOf(dashboard, other)], "another browser").toEqual([200, 401]);
  expect(await set({}), "once it is there").toBe(409);
  expect(JSON.stringify((await rig.pool.query("SELECT * FROM people")).rows)).not.toContain(keyIn(body));

  const asked = await dashboard.login("tess", password);
  expect([asked.statusCode, asked.headers["set-cookie"]]).toEqual([200, undefined]);
  const ticket = fieldIn(asked.body, "ticket");
  const answer = (code: string, shown = ticket) => post(dashboard, "/login/code", "", { ticket: shown, code });
  expect((await answer("123456")).statusCode).toBe(401);
  expect((await answer(totp.generate(), "v1.forged")).statusCode).toBe(401);
  expect((await answer(first)).statusCode, "the code of the set-up").toBe(401);
  const code = nextCode(totp);
  expect((await answer(code)).statusCode).toBe(303);
  expect((await answer(code)).statusCode, "a code works once").toBe(401);

  const reset = await runInProcess(["users", "reset-code", "tess"], { env: rig.env });
  expect(reset).toMatchObject({ code: 0, stderr: "" });
  expect(await statusOf(dashboard, cookie)).toBe(401);
  expect((await answer(nextCode(totp))).statusCode, "a ticket of before").toBe(401);
  await logIn(dashboard, "tess");
});

test("each recovery code stands in once, in one replica, however it is written", async () => {
  const [one, two] = [await replica(), await replica()];
  const { codes } = await addWithFactor(one, "rita");
  expect([codes.length, new Set(codes).size]).toEqual([10, 10]);
  const [first = "", second = "", third = ""] = codes;
  const kept = JSON.stringify(await stored("rita"));
  for (const code of codes) expect(kept).not.toContain(code.replaceAll("-", ""));

  expect(await logInWith(one, "rita", first.toLowerCase().replaceAll("-", " "))).toBe(303);
  expect([await logInWith(one, "rita", first), await logInWith(two, "rita", first)], "used before").toEqual([401, 401]);
  expect((await Promise.all([one, two, one].map((each) => logInWith(each, "rita", second)))).sort()).toEqual([
    303, 401, 401,
  ]);
  expect((await stored("rita")).recoveryCodes).toHaveLength(8);

  await addWithFactor(one, "ruth");
  expect(await logInWith(one, "ruth", third), "somebody else's").toBe(401);
  expect(await actionsOf("rita")).toEqual(
    expect.arrayContaining([
      "dashboard.logged_in recovery_code 9",
      "dashboard.logged_in recovery_code 8",
      "dashboard.login_refused",
    ]),
  );
});

test("new recovery codes need a code, and end those of before", async () => {
  const dashboard = await replica();
  const { cookie, totp, form, codes } = await addWithFactor(dashboard, "nina");
  const renew = (code: string, form_token = form.form_token) =>
    post(dashboard, "/account/recovery-codes", cookie, { form_token, code });
  expect((await renew("000000")).statusCode).toBe(400);
  expect((await renew(nextCode(totp), "x")).statusCode).toBe(403);
  expect((await renew("")).statusCode).toBe(400);
  const renewed = codesIn((await renew(nextCode(totp))).body);
  expect(renewed).toHaveLength(10);
  expect(await accountOf(dashboard, cookie)).toContain("of which 10 are left");
  expect(await logInWith(dashboard, "nina", codes[0] ?? "")).toBe(401);
  expect(await logInWith(dashboard, "nina", renewed[0] ?? "")).toBe(303);
  expect(await actionsOf("nina")).toContain("person.recovery_codes_made");
  await runInProcess(["users", "reset-code", "nina"], { env: rig.env });
  expect((await stored("nina")).recoveryCodes).toEqual([]);
});

test("where a second factor is needed, who has none sets it after the password and reaches nothing before", async () => {
  const [open, strict] = [await replica(), await replica({ needsSecondFactor: true })];
  await addPerson(engine, { name: "nora", role: "operator", password });
  const before = await logIn(open, "nora");
  const settings = cookieOf(await open.login("olga"));
  expect([await statusOf(open, before), await statusOf(open, settings)]).toEqual([200, 200]);
  expect([await statusOf(strict, before), await statusOf(strict, settings)], "sessions of before").toEqual([401, 401]);
  const named = await strict.login("olga");
  expect([named.statusCode, named.body.includes("A second factor is needed")]).toEqual([401, true]);

  const led = await strict.login("nora", password);
  expect([led.statusCode, led.headers["set-cookie"], keyIn(led.body).length]).toEqual([200, undefined, 32]);
  const form = { ticket: fieldIn(led.body, "ticket"), secret: fieldIn(led.body, "secret") };
  const totp = totpOf(keyIn(led.body));
  expect((await post(strict, "/login/code", "", { ticket: form.ticket, code: totp.generate() })).statusCode).toBe(401);
  const set = (changes: Record<string, string>) =>
    post(strict, "/login/second-factor", "", { ...form, code: totp.generate(), ...changes });
  for (const wrong of [{ code: "000000" }, { ticket: "v1.forged" }, { secret: "v1.forged" }]) {
    const { statusCode, headers } = await set(wrong);
    expect([wrong, statusCode, headers["set-cookie"]]).toEqual([wrong, 401, undefined]);
  }
  expect((await stored("nora")).codeSecret).toBeNull();

  const entered = await set({});
  const [code = ""] = codesIn(entered.body);
  expect([entered.statusCode, codesIn(entered.body).length]).toEqual([200, 10]);
  expect(await statusOf(strict, cookieOf(entered))).toBe(200);
  expect((await set({ code: nextCode(totp) })).statusCode, "a second one").toBe(401);
  expect(await logInWith(strict, "nora", code)).toBe(303);
  expect(await actionsOf("nora")).toEqual(
    expect.arrayContaining(["person.second_factor_set", "dashboard.logged_in new", "dashboard.login_refused"]),
  );
});

test("a new password of one's own needs the present one, is no common one, and ends all other sessions", async () => {
  const [one, two] = [await replica(), await replica()];
  await addPerson(engine, { name: "pia", role: "viewer", password });
  const [cookie, other] = [await logIn(one, "pia"), await logIn(two, "pia")];
  const chosen = "gravel orchid lantern";
  const form_token = fieldIn(await accountOf(one, cookie), "form_token");
  const change = (changes: Record<string, string>) =>
    post(one, "/account/password", cookie, { form_token, present: password, password: chosen, ...changes });
  for (const [wrong, status] of [
    [{ present: "another password" }, 400],
    [{ present: "" }, 400],
    [{ password: "password1234" }, 409],
    [{ password: "" }, 409],
    [{ form_token: "x" }, 403],
  ] as const) {
    expect([wrong, (await change(wrong)).statusCode]).toEqual([wrong, status]);
  }
  expect(await statusOf(two, other)).toBe(200);
  const changed = await change({});
  expect(changed.statusCode).toBe(303);
  expect([await statusOf(one, cookieOf(changed)), await statusOf(two, other), await statusOf(one, cookie)]).toEqual([
    200, 401, 401,
  ]);
  expect((await two.login("pia", password)).statusCode).toBe(401);
  await logIn(two, "pia", chosen);
  expect(await actionsOf("pia")).toEqual(expect.arrayContaining(["person.password_set", "dashboard.refused"]));

  // Whom the settings name have theirs elsewhere.
  const olgas = cookieOf(await one.login("olga"));
  const ofOlga = await one.app.inject({ url: "/account", headers: { ...page, cookie: olgas } });
  expect(ofOlga.body).not.toContain("/account/password");
});

test("a present password is not guessed on the account page faster than at the login", async () => {
  const dashboard = await replica();
  await addPerson(engine, { name: "gina", role: "viewer", password });
  const cookie = await logIn(dashboard, "gina");
  const form_token = fieldIn(await accountOf(dashboard, cookie), "form_token");
  const guess = (present: string) =>
    post(dashboard, "/account/password", cookie, { form_token, present, password: "gravel orchid lantern" });
  const statuses: number[] = [];
  for (let tries = 0; tries < 21; tries += 1) statuses.push((await guess(`guess ${tries}`)).statusCode);
  expect(statuses).toEqual([...Array.from({ length: 20 }, () => 400), 429]);
  expect((await guess(password)).statusCode).toBe(429);
});
