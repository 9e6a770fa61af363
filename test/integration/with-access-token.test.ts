import { createEvertoken } from "@evertoken/engine";
import { expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";

/** An API that takes the token or answers 401. */
const callApi =
  ({ server }: Rig) =>
  ({ accessToken }: { accessToken: string }) =>
    fetch(server.identityUrl, { headers: { authorization: `Bearer ${accessToken}` } });

test("a hundred callers of two clients whose token the API refuses cause one refresh", async () => {
  const rig = await createRig();
  const other = createEvertoken({ settings: rig.env });
  onFileEnd(() => other.close());
  const { id, accessToken } = await rig.connect();
  await rig.server.invalidateAccessToken(accessToken);
  const clients = [rig.client, other];
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => (clients[i % 2] ?? other).withAccessToken(id, callApi(rig))),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200));
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });
});

test("an error with status 401 counts like an answer; any other is passed on untouched", async () => {
  const rig = await createRig();
  const { id, accessToken } = await rig.connect();
  const seen: string[] = [];
  const result = await rig.client.withAccessToken(id, async (token) => {
    seen.push(token.accessToken);
    if (token.accessToken === accessToken) throw Object.assign(new Error("refused"), { response: { statusCode: 401 } });
    return "fine";
  });
  expect([result, seen.length]).toEqual(["fine", 2]);
  await expect(
    rig.client.withAccessToken(id, async () => {
      throw new Error("my own trouble");
    }),
  ).rejects.toThrow("my own trouble");
  expect((await rig.server.summary()).requests).toBe(1);
});

test("a 401 that a fresh token does not mend is passed on, and is not answered with a refresh each time", async () => {
  const rig = await createRig();
  const { id } = await rig.connect();
  for (let i = 0; i < 10; i++) {
    const answer = await rig.client.withAccessToken(id, async () => ({ status: 401, call: i }));
    expect(answer).toEqual({ status: 401, call: i });
  }
  expect((await rig.server.summary()).requests).toBe(1);
});

test("when there is no fresh token to be had, the API's own answer is passed on", async () => {
  const rig = await createRig();
  const pat = await rig.client.connections.import({ userId: "u", provider: "github-pat", accessToken: "ghp_x" });
  expect(await rig.client.withAccessToken(pat.id, async () => ({ status: 401 }))).toEqual({ status: 401 });
  const { id, family } = await rig.connect();
  await rig.server.revokeFamily(family);
  expect((await rig.client.withAccessToken(id, callApi(rig))).status).toBe(401);
  expect(await rig.row(id)).toMatchObject({ status: "needs_reauth" });
});
