import { expect, test } from "vitest";
import { createRig, until } from "../support/rig.ts";

test("a token that lives two seconds is refreshed at half its life, by the job of its generation", async () => {
  const rig = await createRig();
  await rig.server.configure({ expiresIn: 1800 });
  const worker = await rig.start("worker");
  const connection = await rig.connect({ expiresIn: 2 });

  await until("the generation moved", async () => (await rig.row(connection.id)).generation === 2);
  const row = await rig.row(connection.id);
  expect(row.status).toBe("connected");
  expect(await rig.job({ id: connection.id, generation: 2 })).toMatchObject({ state: "delayed" });
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1, reuse: 0 });
  expect(await rig.log(connection.id)).toMatchObject([
    { outcome: "granted", trigger: "scheduled", success: true, generation: 1 },
  ]);
  expect(await worker.stop()).toBe(0);
});
