import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DemoStore, openDemoStore } from "./demo-store.ts";

let folder: string;
let store: DemoStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "demo-store-"));
  store = openDemoStore(join(folder, "demo.sqlite"));
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

test("a token is consumed once; the second time is refused and takes the grant along", async () => {
  const [grants, tokens] = [store.adapter("Grant"), store.adapter("RefreshToken")];
  await grants.upsert("g1", { accountId: "ada" }, 60);
  await tokens.upsert("first", { grantId: "g1" }, 60);
  await tokens.upsert("other", { grantId: "g2" }, 60);
  await tokens.consume("first");
  expect(await tokens.find("first")).toMatchObject({ jti: "first", consumed: expect.any(Number) });
  await tokens.upsert("second", { grantId: "g1" }, 60);
  await expect(tokens.consume("first")).rejects.toMatchObject({ error: "invalid_grant" });
  for (const gone of [grants.find("g1"), tokens.find("first"), tokens.find("second")])
    expect(await gone).toBeUndefined();
  expect(await tokens.find("other")).toBeDefined();
});

test("what has expired is not found, and is pruned", async () => {
  const sessions = store.adapter("Session");
  await sessions.upsert("s1", { uid: "u1" }, 60);
  expect(await sessions.findByUid("u1")).toMatchObject({ jti: "s1", uid: "u1" });
  await sessions.upsert("s1", { uid: "u1" }, -1);
  expect(await sessions.find("s1")).toBeUndefined();
  expect(await sessions.findByUid("u1")).toBeUndefined();
  store.prune();
  expect(store.database.prepare("select count(*) as rows from artifacts").get()).toEqual({ rows: 0 });
});

test("keys are made once", () => {
  expect([store.cookieKey(), store.signingKey()]).toEqual([store.cookieKey(), store.signingKey()]);
});
