import { expect, test } from "vitest";
import { type Env, until } from "../support/rig.ts";
import { type Behaviour, lies } from "../support/token-server.ts";
import {
  carefulRetryComesDue,
  createChaosRig,
  expectHealthy,
  expectNoToken,
  generationReached,
  rotations,
} from "./chaos.ts";

const grace = rotations[1];
const probeSoon: Env = { UNKNOWN_PROBE_MS: "1000" };
/** The request's own deadline in `hasty`, and what it may take to write the attempt down. */
const longestMs = 2500;

const cases: { name: string; behaviour: Behaviour; outcome: string; status?: string }[] = [
  { name: "hangs", behaviour: { kind: "hang" }, outcome: "uncertain" },
  { name: "hangs after it spent the token", behaviour: { kind: "hang", spends: true }, outcome: "uncertain" },
  { name: "cuts before the answer", behaviour: { kind: "cut_before_answer" }, outcome: "uncertain" },
  { name: "cuts in the middle of the answer", behaviour: { kind: "cut_mid_body" }, outcome: "uncertain" },
  { name: "trickles", behaviour: { kind: "trickle", byteMs: 100 }, outcome: "uncertain" },
  { name: "answers 200 with a page", behaviour: { ...lies.html200, spends: true }, outcome: "uncertain" },
  { name: "answers 200 with nothing", behaviour: { ...lies.empty200, spends: true }, outcome: "uncertain" },
  { name: "answers without end", behaviour: lies.hugeBody(), outcome: "uncertain" },
  { name: "fails", behaviour: lies.serverError, outcome: "transient" },
  { name: "sends elsewhere", behaviour: lies.redirect(), outcome: "unknown", status: "error" },
];

test.concurrent.each(cases)(
  "a token endpoint that $name",
  async ({ behaviour, outcome, status = "connected" }) => {
    const rig = await createChaosRig({ ...(grace && { rotation: grace }), env: probeSoon });
    const worker = await rig.start("worker");
    const connection = await rig.connect();
    // Trouble for two requests: after the first the token is looked at, after the second nothing is left to chance.
    await rig.server.behave(behaviour, { next: 2 });
    await rig.client.scheduleNow(connection.id);
    const first = await until("the attempt is in the log", async () => (await rig.log(connection.id))[0], 15_000);
    expect(first).toMatchObject({ outcome, success: false });
    expect(first.duration_ms).toBeLessThan(longestMs);
    if (status === "error") expect(await rig.row(connection.id)).toMatchObject({ status });
    const token = await rig.client.getAccessToken(connection.id);
    expect(token).toMatchObject({ accessToken: connection.accessToken, generation: 1 });

    await generationReached(rig, connection.id, 2, 30_000);
    await expectHealthy(rig, connection, 2);
    expect((await rig.log(connection.id)).map((row) => row.outcome)).toEqual([outcome, outcome, "granted"]);
    expect(await rig.row(connection.id)).toMatchObject({ lost_answers: 0, failing_since: null, last_error_code: null });
    expect(await rig.server.summary()).toMatchObject({ requests: 3, strays: 0, reuse: 0, overlapping: 0 });
    expect(await worker.stop()).toBe(0);
    expectNoToken(worker.output());
  },
  120_000,
);

test.concurrent("an endpoint that swallows every answer gets a single-use token twice, and not again while the access token lives", async () => {
  const rig = await createChaosRig();
  const worker = await rig.start("worker");
  const connection = await rig.connect();
  await rig.server.behave({ kind: "hang" });
  await rig.client.scheduleNow(connection.id);
  await carefulRetryComesDue(rig, connection);
  const row = await until(
    "the second answer is lost",
    async () => {
      const now = await rig.row(connection.id);
      return now.lost_answers === 2 && now;
    },
    20_000,
  );
  expect(row).toMatchObject({ status: "connected", last_error_code: "answer_lost" });
  expect(row.next_refresh_at).toEqual(row.expires_at);
  await until("the job waits as long", async () => {
    const job = await rig.job(connection);
    return job?.dueAt && Math.abs(job.dueAt.getTime() - row.expires_at.getTime()) < 2000;
  });
  expect(await rig.server.summary()).toMatchObject({ requests: 2 });
  expect(await worker.stop()).toBe(0);
  expectNoToken(worker.output());
}, 120_000);

test.concurrent("an endpoint that is down past the end of the access token: users see it, and see it pass", async () => {
  const rig = await createChaosRig();
  await rig.server.behave(lies.serverError);
  const worker = await rig.start("worker");
  const connection = await rig.connect({ expiresIn: 4 });
  const status = (wanted: string) => async () => (await rig.row(connection.id)).status === wanted;
  await until("its end is shown", status("token_expired"), 20_000);
  await expect(rig.client.getAccessToken(connection.id)).rejects.toMatchObject({ code: "provider_unavailable" });
  // A retry each second, not a storm.
  const presented = (await rig.server.summary()).requests;
  expect(presented).toBeLessThan(20);
  await rig.server.behave({ kind: "honest" });
  await until("it is connected again", status("connected"), 20_000);
  await expectHealthy(rig, connection, 2);
  expect(await worker.stop()).toBe(0);
  expectNoToken(worker.output());
}, 120_000);
