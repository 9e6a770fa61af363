import { expect, test } from "vitest";
import { attempts, comesDue } from "../support/drive.ts";
import { createRig, hasty } from "../support/rig.ts";

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
