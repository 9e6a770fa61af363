import { expect, test } from "vitest";
import type { DashboardUser } from "./passwords.ts";
import { createSessions } from "./sessions.ts";

const olga: DashboardUser = { name: "olga", role: "operator", password: "first" };
const secret = "a secret of thirty-two characters";

function setup(users: readonly DashboardUser[] = [olga], changes: { secret?: string } = {}) {
  const clock = { now: 1000 };
  return { clock, ...createSessions({ users, secret, lifetimeMs: 60, now: () => clock.now, ...changes }) };
}

test("a session is read by every process with the same secret and users", () => {
  expect(setup().read(setup().issue(olga))).toMatchObject({ name: "olga", role: "operator" });
});

test("another secret, a changed password and a removed user end it", () => {
  const cookie = setup().issue(olga);
  expect(setup([olga], { secret: "another secret of thirty-two chars" }).read(cookie)).toBeUndefined();
  expect(setup([{ ...olga, password: "second" }]).read(cookie)).toBeUndefined();
  expect(setup([]).read(cookie)).toBeUndefined();
});

test("a changed role counts at once", () => {
  expect(setup([{ ...olga, role: "viewer" }]).read(setup().issue(olga))).toMatchObject({
    name: "olga",
    role: "viewer",
  });
});

test("it ends at its time, and with a logout, which ends no other", () => {
  const sessions = setup();
  const [first, second] = [sessions.issue(olga), sessions.issue(olga)];
  sessions.revoke(first);
  expect([sessions.read(first), sessions.read(second)?.name]).toEqual([undefined, "olga"]);
  sessions.clock.now += 59;
  expect(sessions.read(second)).toBeDefined();
  sessions.clock.now += 1;
  expect(sessions.read(second)).toBeUndefined();
});

test("a form token is that of one login, and of no other", () => {
  const sessions = setup();
  const [first, second] = [sessions.issue(olga), sessions.issue(olga)].map((cookie) => sessions.read(cookie));
  if (first === undefined || second === undefined) throw new Error("no session");
  const token = sessions.formToken(first);
  expect([first, second].map((session) => sessions.isFormToken(session, token))).toEqual([true, false]);
  for (const given of [undefined, "", `${token}x`, 7, [token]]) expect(sessions.isFormToken(first, given)).toBe(false);
});

test("a short secret is refused", () => {
  expect(() => setup([olga], { secret: "short" })).toThrow("32 characters");
});
