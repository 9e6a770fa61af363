import { registrations } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import { attempts, comesDue, moveTo } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

test("a registration that is told to wait does not stop its sisters", async () => {
  const rig = await createRig({ env: hasty });
  const { engine } = engineOf(rig.env);
  const tenant = { provider: "acme", clientId: "client", clientSecret: "client-secret" };
  for (const name of ["tenant-a", "tenant-b"]) await registrations.save(engine, { ...tenant, name });
  const [told, waiting, sister] = [await rig.connect(), await rig.connect(), await rig.connect()];
  for (const { id } of [told, waiting]) await moveTo(rig, id, "tenant-a");
  await moveTo(rig, sister.id, "tenant-b");
  await rig.server.behave(lies.throttled(30), { family: told.family });
  await rig.start("worker");
  await comesDue(rig, told.id);
  await attempts(rig, told.id, 1);
  const { rows } = await rig.pool.query("SELECT registration, throttled_until > now() AS waits FROM provider_states");
  expect(rows).toContainEqual({ registration: "tenant-a", waits: true });

  await comesDue(rig, waiting.id);
  await comesDue(rig, sister.id);
  await until("the sister is refreshed", async () => (await rig.row(sister.id)).generation === 2, 5000);
  const waits = await until("the other one of that registration waits", async () => {
    const job = await rig.job({ id: waiting.id, generation: 1 });
    return job?.state === "delayed" && job.dueAt !== null && job;
  });
  expect(waits.dueAt?.getTime()).toBeGreaterThan(Date.now() + 20_000);
  expect(await rig.log(waiting.id)).toEqual([]);
});

test("a shorter limit that is told at the same moment does not end a longer one", async () => {
  const rig = await createRig({ env: hasty });
  const [long, short] = [await rig.connect(), await rig.connect()];
  await rig.server.behave(lies.throttled(60), { family: long.family });
  await rig.server.behave(lies.throttled(2), { family: short.family });
  await rig.start("worker");
  const gates = [
    await rig.server.hold({ family: long.family, at: "received" }),
    await rig.server.hold({ family: short.family, at: "received" }),
  ] as const;
  await Promise.all([comesDue(rig, long.id), comesDue(rig, short.id)]);
  for (const id of gates) await rig.server.holding({ id });
  // The shorter one is told last.
  await rig.server.release(gates[0]);
  await attempts(rig, long.id, 1);
  await rig.server.release(gates[1]);
  await attempts(rig, short.id, 1);
  const { rows } = await rig.pool.query(
    "SELECT throttled_until > now() + interval '30 seconds' AS long FROM provider_states",
  );
  expect(rows).toEqual([{ long: true }]);
});
