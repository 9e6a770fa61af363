import { expect, test } from "vitest";
import { createRig, hasty, type Rig } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

/** Has met a refused registration, and the circuit that opened for it was closed by another one's grant so long ago. */
async function suspect(rig: Rig, minutesAgo: number, secret: "same" | "another"): Promise<string> {
  const { id, family } = await rig.connect();
  await rig.server.behave(lies.invalidClient, { family });
  await rig.client.refresh(id).catch(() => {});
  await rig.pool.query(
    `UPDATE circuits SET open = false, closed_at = now() - $1 * interval '1 minute', fingerprint = fingerprint || $2`,
    [minutesAgo, secret === "same" ? "" : "another"],
  );
  await rig.pool.query(
    "UPDATE faults SET at = now() - ($1 + 1) * interval '1 minute', fingerprint = fingerprint || $2",
    [minutesAgo, secret === "same" ? "" : "another"],
  );
  await rig.client.refresh(id).catch(() => {});
  return id;
}

const open = async (rig: Rig) => (await rig.pool.query("SELECT FROM circuits WHERE open")).rowCount;

test("whoever met the fault before others were granted, within the hour, is at fault itself", async () => {
  const rig = await createRig({ env: hasty });
  const id = await suspect(rig, 50, "same");
  expect(await rig.row(id)).toMatchObject({ status: "error", last_error_code: "invalid_client" });
  expect(await open(rig)).toBe(0);
});

test.each([
  ["an hour has gone by", 70, "same"],
  ["it was with another secret", 50, "another"],
] as const)("it is not held against a connection when %s", async (_, minutesAgo, secret) => {
  const rig = await createRig({ env: hasty });
  const id = await suspect(rig, minutesAgo, secret);
  expect(await rig.row(id)).toMatchObject({ status: "connected", last_error_code: null });
  expect(await open(rig)).toBe(1);
});

test("nor when it was granted something since", async () => {
  const rig = await createRig({ env: hasty });
  const { id, family } = await rig.connect();
  await rig.server.behave(lies.invalidClient, { family });
  await rig.client.refresh(id).catch(() => {});
  await rig.pool.query("UPDATE circuits SET open = false, closed_at = now() - interval '30 minutes'");
  await rig.pool.query("UPDATE faults SET at = now() - interval '31 minutes'");
  await rig.pool.query("UPDATE connections SET last_refresh_at = now() - interval '20 minutes'");
  await rig.client.refresh(id).catch(() => {});
  expect(await rig.row(id)).toMatchObject({ status: "connected", last_error_code: null });
});
