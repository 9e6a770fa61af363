import { createCipheriv, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createRig } from "../support/rig.ts";

const key = randomBytes(32);
const legacyKey = key.toString("hex");

/** As the system that is left behind has stored it. */
function encrypt(plain: string): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
  return [iv, cipher.getAuthTag(), body].map((part) => part.toString("hex")).join(":");
}

test("a token set that another system encrypted is imported, kept under our key, and refreshed", async () => {
  const rig = await createRig();
  const [issued] = await rig.server.issue();
  if (issued === undefined) throw new Error("nothing was issued");
  const { id } = await rig.client.connections.import({
    ...{ userId: "u", provider: "acme", externalAccountId: "a", encrypted: true, legacyKey },
    ...{ accessToken: encrypt(issued.accessToken), refreshToken: encrypt(issued.refreshToken), expiresIn: 1800 },
  });
  const row = await rig.row(id);
  expect([row.access_token, row.refresh_token].every((sealed) => sealed.startsWith("v2."))).toBe(true);
  expect((await rig.client.getAccessToken(id)).accessToken).toBe(issued.accessToken);
  expect(await rig.client.refresh(id)).toMatchObject({ generation: 2 });
});

const good = encrypt("canary-access");

test.each([
  ["no key", { legacyKey: undefined }, "invalid_input"],
  ["a key that is none", { legacyKey: "canary" }, "invalid_input"],
  ["another key", { legacyKey: "ab".repeat(32) }, "unreadable_token"],
  ["a plain token", { accessToken: "canary-access" }, "invalid_input"],
  ["an altered token", { accessToken: `${good.slice(0, -2)}${good.endsWith("00") ? "11" : "00"}` }, "unreadable_token"],
  ["a plain refresh token", { refreshToken: "canary-refresh" }, "invalid_input"],
  ["a key for plain tokens", { encrypted: false }, "invalid_input"],
])("%s: the row is refused by its code, quotes nothing and stores nothing", async (_, changes, code) => {
  const rig = await createRig();
  const input = { userId: "u", provider: "acme", accessToken: good, encrypted: true, legacyKey, ...changes };
  const defined = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const error = await rig.client.connections.import(defined as typeof input).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: "EvertokenError", code });
  expect(`${error}${(error as Error).stack}`).not.toContain("canary");
  expect((await rig.pool.query("SELECT 1 FROM connections")).rowCount).toBe(0);
});
