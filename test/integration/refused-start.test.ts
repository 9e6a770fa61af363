import { randomBytes } from "node:crypto";
import { createEvertoken } from "@evertoken/engine";
import { expect, test } from "vitest";
import type { AppName } from "../support/app-process.ts";
import { createRig } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";

const apps: AppName[] = ["worker", "scheduler"];

test("a wrong key: worker, scheduler and client refuse, and nothing is overwritten", async () => {
  const rig = await createRig();
  const { id } = await rig.connect();
  const wrong = { ENCRYPTION_KEY: randomBytes(32).toString("hex") };
  const before = await rig.row(id);
  for (const app of apps) {
    const started = rig.start(app, wrong);
    await expect(started).rejects.toThrow(/ended with 1[\s\S]*ENCRYPTION_KEY does not hold/);
    await expect(started).rejects.not.toThrow(wrong.ENCRYPTION_KEY);
  }
  const client = createEvertoken({ settings: { ...rig.env, ...wrong } });
  onFileEnd(() => client.close());
  const refusal = { code: "unreadable_token", message: expect.stringContaining("ENCRYPTION_KEY") };
  await expect(client.getAccessToken(id)).rejects.toMatchObject(refusal);
  await expect(client.refresh(id)).rejects.toMatchObject(refusal);
  await expect(client.refresh(id, { force: true })).rejects.toMatchObject(refusal);
  const account = before.external_account_id;
  const again = { userId: before.user_id, provider: "acme", externalAccountId: account, accessToken: "overwritten" };
  await expect(client.connections.import(again)).rejects.toMatchObject(refusal);
  expect(await rig.row(id)).toEqual(before);
  expect((await rig.pool.query("SELECT * FROM encryption_keys")).rowCount).toBe(1);
  expect((await rig.server.summary()).requests).toBe(0);
});

test("a second key in the ring is fine: the old one still opens", async () => {
  const rig = await createRig();
  const { id, accessToken } = await rig.connect();
  const ring = `${randomBytes(32).toString("hex")},${rig.env.ENCRYPTION_KEY}`;
  const client = createEvertoken({ settings: { ...rig.env, ENCRYPTION_KEY: ring } });
  onFileEnd(() => client.close());
  expect(await client.getAccessToken(id)).toMatchObject({ accessToken });
  expect(await client.refresh(id)).toMatchObject({ generation: 2 });
  await expect(rig.client.getAccessToken(id)).rejects.toMatchObject({ code: "unreadable_token" });
});

test("wrong settings: every fault is named at once, no secret with it, and the exit code says that starting again is no use", async () => {
  const rig = await createRig();
  const wrong = {
    DATABASE_URL: "mysql://u:s3cret@db/x",
    ENCRYPTION_KEY: "s3cret",
    LEASE_MS: "soon",
    SWEEP_CRON: "every day",
    ACME_TOKEN_URL: "ftp://u:s3cret@provider/token",
    HUBSPOT_CLIENT_ID: "only an id",
  };
  for (const app of apps) {
    const error = await rig.start(app, wrong).then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error?.message).toContain(`${app} ended with 2`);
    for (const name of [
      "DATABASE_URL",
      "ENCRYPTION_KEY",
      "LEASE_MS",
      "SWEEP_CRON",
      "acme: tokenUrl",
      "HUBSPOT_CLIENT_SECRET",
    ]) {
      expect(error?.message).toContain(name);
    }
    expect(error?.message).not.toContain("s3cret");
  }
});
