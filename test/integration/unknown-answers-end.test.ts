import { expect, test } from "vitest";
import { comesDue, events, patch } from "../support/drive.ts";
import { createRig, hasty, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

test("an answer that nobody understands, for long: the user may reconnect, it goes on being asked, and a grant recovers it", async () => {
  const env = { ...hasty, UNKNOWN_PROBE_MS: "200", UNKNOWN_RECONNECT_AFTER_MS: "1000" };
  const rig = await createRig({ env: { ...env, RECONNECT_URL: "https://app.example/reconnect?c={connection}" } });
  const { id, family, generation } = await rig.connect();
  await rig.server.behave(lies.redirect(), { family });
  await rig.start("worker");
  await comesDue(rig, id);
  await until("it is marked", async () => (await rig.row(id)).status === "error");
  await patch(rig, id, "expires_at = now() - interval '1 second'");
  await until("it is offered for reconnecting", async () => (await rig.row(id)).status === "needs_reauth");
  expect(await events(rig, id)).toEqual(["connection.created", "token.refresh_failed", "connection.needs_reauth"]);
  await expect(rig.client.getAccessToken(id)).rejects.toMatchObject({
    code: "unknown_answer",
    reconnectUrl: `https://app.example/reconnect?c=${id}`,
  });

  const { length } = await rig.log(id);
  await until("it was asked again, by its job", async () => (await rig.log(id)).length > length);
  expect(await rig.row(id)).toMatchObject({ status: "needs_reauth", next_refresh_at: expect.any(Date) });
  await rig.server.behave({ kind: "honest" }, { family });
  await until("it goes on by itself", async () => (await rig.row(id)).generation === generation + 1);
  expect(await rig.row(id)).toMatchObject({ status: "connected", last_error_code: null });
  expect((await events(rig, id)).at(-1)).toBe("connection.recovered");
});
