import { expect, test } from "vitest";
import { attempts, comesDue } from "../support/drive.ts";
import { createRig, hasty, until } from "../support/rig.ts";

test("a granted answer with characters that Postgres cannot store is stored all the same", async () => {
  const rig = await createRig({ env: hasty });
  await rig.start("worker");
  const [odd, even] = [await rig.connect(), await rig.connect()];
  const body = `{"access_token":"fresh-access","refresh_token":"fresh-refresh","token_type":"Bea\\u0000rer","expires_in":1800,
    "scope":"a\\ud800 b\\u0000"}`;
  await rig.server.behave({ kind: "lie", status: 200, body, headers: {} }, { family: odd.family });
  for (const { id } of [odd, even]) await comesDue(rig, id);
  for (const { id } of [odd, even]) await attempts(rig, id, 1);
  expect(await rig.row(odd.id)).toMatchObject({ generation: 2, token_type: "Bearer", scopes: ["a\ufffd", "b"] });
  expect(await rig.client.getAccessToken(odd.id)).toMatchObject({ accessToken: "fresh-access" });
  expect(await rig.row(even.id)).toMatchObject({ generation: 2 });
});

test("an access token with a line break is not served, and what came with it is not lost", async () => {
  const rig = await createRig({ env: hasty });
  const worker = await rig.start("worker");
  const { id, family, refreshToken } = await rig.connect();
  const next = { access_token: "fresh\r\nx-injected: 1", refresh_token: refreshToken, expires_in: 1_764_115_200 };
  const lie = { kind: "lie", status: 200, body: JSON.stringify(next), headers: {} } as const;
  await rig.server.behave(lie, { family, next: 1 });
  await comesDue(rig, id);
  const [first] = await attempts(rig, id, 1);
  expect(first).toMatchObject({ outcome: "granted", message: expect.stringContaining("control characters") });
  expect(first?.message).toContain("expires_in 1764115200 is not understood");
  await until("it is told", async () => worker.output().includes("control characters"));
  // What it was granted is spent at once for a token that can be used.
  expect((await rig.client.getAccessToken(id)).accessToken).toMatch(/^[!-~]+$/);
  expect((await rig.row(id)).generation).toBeGreaterThan(2);
  expect(await rig.server.presentations({ family })).toHaveLength(2);
});
