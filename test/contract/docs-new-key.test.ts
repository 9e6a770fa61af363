import { randomBytes } from "node:crypto";
import { createEvertoken, type Evertoken } from "@evertoken/engine";
import { expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";

/** Whoever still runs with the ring of the step before. */
function clientWith(rig: Rig, ...keys: string[]): Evertoken {
  const env = { ...rig.env, ENCRYPTION_KEY: keys.join(",") };
  const client = createEvertoken({ settings: env });
  onFileEnd(() => client.close());
  return client;
}

test("a new key comes in by the steps of operating.md without a gap", async () => {
  const rig = await createRig({ env: { ON_DEMAND_COOLDOWN_MS: "0" } });
  const old = rig.env.ENCRYPTION_KEY as string;
  const fresh = randomBytes(32).toString("hex");
  const { id, accessToken } = await rig.connect();

  const appended = clientWith(rig, old, fresh);
  expect((await appended.getAccessToken(id)).accessToken).toBe(accessToken);

  const first = clientWith(rig, fresh, old);
  expect((await first.getAccessToken(id)).accessToken).toBe(accessToken);
  const refreshed = await first.refresh(id);
  expect(refreshed.accessToken).not.toBe(accessToken);
  expect((await appended.getAccessToken(id)).accessToken).toBe(refreshed.accessToken);
  expect((await appended.refresh(id)).generation).toBe(3);

  const late = clientWith(rig, old);
  await expect(late.refresh(id)).rejects.toMatchObject({ code: "unreadable_token" });
  expect(await rig.row(id)).toMatchObject({ status: "connected", generation: 3, lease_owner: null });
});
