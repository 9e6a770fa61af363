import { expect, test } from "vitest";
import { until } from "../support/rig.ts";
import {
  carefulRetryComesDue,
  createChaosRig,
  expectHealthy,
  expectNoToken,
  generationReached,
  outcomes,
  type Rotation,
  rotations,
} from "./chaos.ts";

/** The worker dies while the provider works on its request, which is then granted to nobody. */
async function loseTheAnswer(rotation: Rotation) {
  const rig = await createChaosRig({ rotation });
  const doomed = await rig.start("worker");
  const connection = await rig.connect();
  const gate = await rig.server.hold({ at: "received" });
  await rig.client.scheduleNow(connection.id);
  await rig.server.holding({ id: gate });
  await doomed.stop("SIGKILL");
  await rig.server.release(gate);
  await rig.server.idle();
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1, answersLost: 1 });
  return { rig, connection, doomed, next: await rig.start("worker") };
}

const lenient = rotations.filter(({ name }) => name !== "single_use");

test.concurrent.each(lenient)("an answer that nobody got is asked for again ($name)", async (rotation) => {
  const { rig, connection, doomed, next } = await loseTheAnswer(rotation);
  await generationReached(rig, connection.id, 2);
  await expectHealthy(rig, connection, 2);
  expect(await outcomes(rig, connection.id)).toEqual(["uncertain", "granted"]);
  expect(await rig.server.summary()).toMatchObject({ requests: 2, reuse: 0, overlapping: 0 });
  expectNoToken(doomed.output(), next.output());
});

test.concurrent("a spent single-use token is tried once more while the access token lives, and then no more", async () => {
  const { rig, connection, doomed, next } = await loseTheAnswer(rotations[2] as Rotation);
  await carefulRetryComesDue(rig, connection);
  await until(
    "the grant is known to be dead",
    async () => (await rig.row(connection.id)).status === "needs_reauth",
    20_000,
  );
  expect(await outcomes(rig, connection.id)).toEqual(["uncertain", "denied"]);
  expect(await rig.row(connection.id)).toMatchObject({ generation: 1, lost_answers: 1, next_refresh_at: null });
  expect((await rig.row(connection.id)).access_token).not.toBeNull();

  // Neither a worker, nor a caller, nor an operator without force spends it again.
  const token = await rig.client.getAccessToken(connection.id);
  expect(token).toMatchObject({ accessToken: connection.accessToken, warning: { code: "refresh_token_expired" } });
  await expect(rig.client.scheduleNow(connection.id)).rejects.toMatchObject({ code: "refresh_token_expired" });
  expect(await next.stop()).toBe(0);
  expect(await rig.server.summary()).toMatchObject({ requests: 2, granted: 1, reuse: 1, overlapping: 0 });
  expectNoToken(doomed.output(), next.output());
});
