import { expect, test } from "vitest";
import { attempts, comesDue, events, patch } from "../support/drive.ts";
import { createRig, hasty, type Rig, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

/** What was granted last, and of the circuits the one that opened last. */
const state = async ({ pool }: Rig) =>
  (
    await pool.query(
      "SELECT granted_fingerprint, k.open, k.code, k.reason FROM provider_states FULL JOIN circuits k USING (provider, registration) ORDER BY k.opened_at DESC NULLS LAST",
    )
  ).rows[0] ?? null;

const generations = async (rig: Rig, ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await rig.row(id)).generation as number));

async function grantedOnce(rig: Rig, count: number) {
  const connections = await Promise.all(Array.from({ length: count }, () => rig.connect()));
  const ids = connections.map(({ id }) => id);
  const worker = await rig.start("worker");
  for (const id of ids) await comesDue(rig, id);
  await until("each was refreshed once", async () => (await generations(rig, ids)).every((n) => n === 2));
  await worker.stop();
  return { connections, ids };
}

test.each([
  ["secret", { ACME_CLIENT_SECRET: "of-another-environment" }],
  ["endpoint", { ACME_TOKEN_URL: "other" }],
])(
  "a wrong %s that a provider answers with invalid_grant marks nobody dead, and the right one goes on",
  async (_, wrong) => {
    const rig = await createRig({ env: hasty });
    const { ids } = await grantedOnce(rig, 6);
    const proven = (await state(rig)).granted_fingerprint;
    expect(proven).toEqual(expect.any(String));

    await rig.server.behave(lies.invalidGrant);
    // Another name of the same server: what matters is that it is another one.
    const url = rig.server.tokenUrl.replace("127.0.0.1", "localhost");
    const deployed = await rig.start("worker", "ACME_TOKEN_URL" in wrong ? { ACME_TOKEN_URL: url } : wrong);
    for (const id of ids) await comesDue(rig, id);
    const open = await until("the circuit opened", async () => ((await state(rig)).open ? state(rig) : null));
    expect(open).toMatchObject({ code: "invalid_client", granted_fingerprint: proven });
    expect(open.reason).toContain("since the secret or the endpoint changed");
    await until("a probe was denied as well", async () => (await rig.server.summary()).requests > ids.length + 1);
    await deployed.stop();
    for (const id of ids) {
      expect(await rig.row(id)).toMatchObject({ status: "connected", last_error_code: null, generation: 2 });
    }

    await rig.server.behave({ kind: "honest" });
    await rig.start("worker");
    for (const id of ids) await rig.client.scheduleNow(id);
    await until("all go on", async () => (await generations(rig, ids)).every((n) => n >= 3), 20_000);
    expect((await events(rig)).filter((event) => event === "connection.needs_reauth")).toEqual([]);
  },
);

test("after a deliberate change of the secret one grant is enough, and dead grants are dead again", async () => {
  const rig = await createRig({ env: hasty });
  const { connections, ids } = await grantedOnce(rig, 4);
  const [dead, ...living] = ids as [string, ...string[]];
  const before = (await state(rig)).granted_fingerprint;
  await rig.server.behave(lies.invalidGrant, { family: connections[0]?.family ?? "" });
  await rig.start("worker", { ACME_CLIENT_SECRET: "renewed-secret" });
  await comesDue(rig, dead);
  await until("the circuit opened", async () => (await state(rig)).open);
  expect(await rig.row(dead)).toMatchObject({ status: "connected" });

  for (const id of living) await comesDue(rig, id);
  await until("the others go on", async () =>
    (await Promise.all(living.map((id) => rig.row(id)))).every((row) => row.generation === 3),
  );
  await until("the dead one is told apart", async () => (await rig.row(dead)).status === "needs_reauth", 20_000);
  const after = await state(rig);
  expect(after).toMatchObject({ open: false });
  expect(after.granted_fingerprint).not.toBe(before);
});

test("one account that the provider always refuses as of another client does not open the circuit every hour", async () => {
  const rig = await createRig({ env: hasty });
  const [odd, other] = [await rig.connect(), await rig.connect()];
  await rig.server.behave(lies.invalidClient, { family: odd.family });
  await rig.start("worker");
  await comesDue(rig, odd.id);
  await until("the circuit is open", async () => (await state(rig))?.open);
  await comesDue(rig, other.id);
  await until("the odd one is marked", async () => (await rig.row(odd.id)).status === "error", 20_000);

  // An hour later nobody remembers who had met the fault.
  await rig.pool.query("UPDATE circuits SET closed_at = now() - interval '2 hours'");
  const count = (await rig.log(odd.id)).length;
  await patch(rig, odd.id, "next_refresh_at = now()");
  await rig.client.scheduleNow(odd.id);
  await attempts(rig, odd.id, count + 1);
  expect(await rig.row(odd.id)).toMatchObject({ status: "error", last_error_code: "invalid_client" });
  expect(await state(rig)).toMatchObject({ open: false });
});
