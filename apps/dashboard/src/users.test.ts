import { expect, test } from "vitest";
import { createPasswordCheck, hashPassword } from "./passwords.ts";
import { readUsers } from "./users.ts";

const settings = {
  user: "olga",
  password: "a long password",
  viewerPassword: null,
  sessionSecret: "a secret of thirty-two characters",
};

test("an operator, and a viewer where a password is given", () => {
  expect(readUsers(settings)).toEqual({
    users: [{ name: "olga", role: "operator", password: "a long password" }],
    faults: [],
  });
  const { users } = readUsers({ ...settings, viewerPassword: "another password" });
  expect(users.map(({ name, role }) => [name, role])).toEqual([
    ["olga", "operator"],
    ["viewer", "viewer"],
  ]);
});

test("all faults are told together, without the values", () => {
  const { faults } = readUsers({ user: "viewer", password: "hunter2", viewerPassword: "hunter2", sessionSecret: null });
  expect(faults).toHaveLength(4);
  expect(faults.join()).not.toContain("hunter2");
  expect(readUsers({ ...settings, password: null }).faults).toHaveLength(1);
});

test("a password may be configured as its hash, which is itself no password", async () => {
  const hash = hashPassword("correct horse");
  const { users, faults } = readUsers({ ...settings, password: hash });
  const check = createPasswordCheck(users);
  expect([faults, (await check("olga", "correct horse"))?.role]).toEqual([[], "operator"]);
  expect(await check("olga", hash)).toBeUndefined();
  expect(await check("nobody", "correct horse")).toBeUndefined();
});

test.each(["scrypt-1$x$y", "scrypt-2$a$b", "scrypt-1$"])("the broken hash %s stops the start", (passwordHash) => {
  expect(() => createPasswordCheck([{ name: "olga", role: "operator", passwordHash }])).toThrow("password hash");
});

test("two users of one name, and an empty password, stop the start", () => {
  const user = { name: "olga", role: "viewer", password: "x" } as const;
  expect(() => createPasswordCheck([user, user])).toThrow("same name");
  expect(() => createPasswordCheck([{ ...user, password: "" }])).toThrow("empty");
});
