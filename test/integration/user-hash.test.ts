import { createHmac, randomBytes } from "node:crypto";
import { completeConnect } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import { begin, consent, createConnectRig, openTestEngine } from "../support/connect-rig.ts";

const young = randomBytes(32).toString("hex");

test("a user has one hash in logs and in the audit log, whatever becomes of the encryption key", async () => {
  const rig = await createConnectRig();
  const connected = await completeConnect(rig.engine, await consent(await begin(rig.engine)));
  expect(connected).toMatchObject({ kind: "connected" });
  const [hash] = hashesIn(rig.engineOutput());
  const { rows } = await rig.pool.query("SELECT actor FROM audit_log WHERE action = 'connection.connected'");
  expect(rows).toEqual([{ actor: `user:${hash}` }]);

  const old = rig.env.ENCRYPTION_KEY as string;
  const rotated = openTestEngine({ ...rig.env, ENCRYPTION_KEY: `${young},${old}` });
  await completeConnect(rotated.engine, await consent(await begin(rotated.engine)));
  expect(hashesIn(rotated.engineOutput())).toEqual([hash]);
  // Whoever knows one key must not be able to look up what the other one hides.
  for (const key of [old, young])
    expect(hash).not.toBe(createHmac("sha256", key).update("u").digest("hex").slice(0, 8));
});

const hashesIn = (output: string) => [
  ...new Set([...output.matchAll(/\[acme\]\[([0-9a-f]{8})\]/g)].map(([, hash]) => hash)),
];
