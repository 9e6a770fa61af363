import { hashPassword } from "@evertoken/operations";
import { expect, test } from "vitest";
import { readUsers } from "./users.ts";

const openId = {
  ...{ issuer: null, clientId: null, clientSecret: null, scopes: "openid", nameClaim: "name", roleClaim: "roles" },
  ...{ operators: ["ops"], viewers: [] },
};
const settings = { user: "olga", password: "lantern orchid gravel", viewerPassword: null, publicUrl: null, openId };

test("an operator, and a viewer where a password is given", () => {
  expect(readUsers(settings)).toEqual({
    people: [{ name: "olga", role: "operator", credential: "lantern orchid gravel" }],
    ...{ openId: null, faults: [], warnings: [] },
  });
  const { people } = readUsers({ ...settings, viewerPassword: "another good password" });
  expect(people.map(({ name, role }) => [name, role])).toEqual([
    ["olga", "operator"],
    ["viewer", "viewer"],
  ]);
  expect(readUsers({ ...settings, password: null })).toMatchObject({ people: [], faults: [] });
});

test("all faults are told together, without the values", () => {
  const half = { ...openId, issuer: "https://id.example" };
  const all = { user: "viewer", password: "hunter2", viewerPassword: "hunter2", publicUrl: null, openId: half };
  const { faults } = readUsers(all);
  expect(faults).toHaveLength(5);
  expect(faults.join()).not.toContain("hunter2");
  expect(readUsers({ ...settings, password: "scrypt-1$x$y" }).faults).toEqual([
    expect.stringContaining("single quotes"),
  ]);
});

test("a hash is taken, and a common password of before goes on with a warning", async () => {
  expect(readUsers({ ...settings, password: await hashPassword("x") })).toMatchObject({ faults: [], warnings: [] });
  const { faults, warnings } = readUsers({ ...settings, password: "password1234" });
  expect([faults, warnings]).toEqual([[], [expect.stringContaining("common")]]);
});
