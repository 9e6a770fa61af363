import { hashPassword } from "@evertoken/operations";
import { expect, test } from "vitest";
import { readUsers } from "./users.ts";

const openId = {
  ...{ issuer: null, clientId: null, clientSecret: null, scopes: "openid", nameClaim: "name", roleClaim: "roles" },
  ...{ operators: ["ops"], viewers: [] },
};
const settings = {
  ...{ user: "olga", password: "lantern orchid gravel", viewerPassword: null, publicUrl: null, openId },
  needsSecondFactor: false,
};

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
  const all = { ...settings, user: "viewer", password: "hunter2", viewerPassword: "hunter2", openId: half };
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

test("whom the settings name are told that they do not come in where a second factor is needed", () => {
  const { faults, warnings } = readUsers({ ...settings, needsSecondFactor: true });
  expect({ faults, warnings }).toEqual({
    faults: [],
    warnings: ["DASHBOARD_PASSWORD lets nobody in: DASHBOARD_SECOND_FACTOR_NEEDED is true"],
  });
});
