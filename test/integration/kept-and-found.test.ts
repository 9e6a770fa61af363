import { expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { createRig, hasty } from "../support/rig.ts";

test("a token set that the database does not take is served by whoever finds it in the spool, and spent by nobody", async () => {
  const rig = await createRig({ env: hasty });
  const { id } = await rig.connect();
  await rig.pool.query("ALTER TABLE connections ADD CONSTRAINT refuses CHECK (generation < 2) NOT VALID");
  const first = await rig.client.refresh(id);
  await patch(rig, id, "lease_until = now()");
  const second = await rig.client.refresh(id);
  expect(second).toMatchObject({ accessToken: first.accessToken, expiresAt: first.expiresAt });
  expect(await rig.row(id)).toMatchObject({ generation: 1 });
  expect(await rig.server.summary()).toMatchObject({ granted: 1, reuse: 0 });

  await rig.pool.query("ALTER TABLE connections DROP CONSTRAINT refuses");
  await patch(rig, id, "lease_until = now()");
  expect(await rig.client.refresh(id)).toMatchObject({ accessToken: first.accessToken, generation: 2 });
  expect(await rig.server.summary()).toMatchObject({ granted: 1, reuse: 0 });
});
