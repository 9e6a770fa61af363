import { createHash, createHmac } from "node:crypto";
import { createKeyring } from "@evertoken/adapters";
import { createEvertoken } from "@evertoken/engine";
import { rotateKeys } from "@evertoken/operations";
import { expect, test } from "vitest";
import { engineOf } from "../support/engine-of.ts";
import { createRig, providerEnv, type Rig } from "../support/rig.ts";

const moves = {
  "another provider": "provider = 'evil'",
  "another registration": "registration = 'white'",
};

/** The same server under another name: it takes down whatever is sent to it. */
const withEvil = (rig: Rig) => ({
  ...rig.env,
  ...providerEnv("evil", rig.server),
  EVERTOKEN_GENERIC_PROVIDERS: "acme,evil",
});

test.each(Object.entries(moves))(
  "a connection that SQL moves to %s sends its token nowhere, and serves none",
  async (_, moved) => {
    const rig = await createRig();
    const env = withEvil(rig);
    const { engine } = engineOf(env);
    const client = createEvertoken({ settings: env });
    const { id } = await rig.connect();
    await rig.pool.query(`UPDATE connections SET ${moved}, next_refresh_at = now() WHERE id = $1`, [id]);

    await expect(client.getAccessToken(id)).rejects.toMatchObject({ code: "unreadable_token" });
    await client.refresh(id).catch(() => {});
    await engine.runRefresh({ connectionId: id, trigger: "scheduled", generation: 1, onlyDue: false, force: true });
    await client.connections.disconnect(id);
    await client.close();
    expect(await rig.server.summary()).toMatchObject({ requests: 0 });
  },
);

/** As the last version sealed: under the key itself, and bound to row and column alone. */
async function sealedByLastVersion(rig: Rig, id: string) {
  const { engine } = engineOf(rig.env);
  const row = await rig.row(id);
  const former = createKeyring([rig.env.ENCRYPTION_KEY as string]);
  const texts = (["access_token", "refresh_token"] as const).map((column) =>
    former.seal(engine.keyring.open(row[column], row, column), row, column),
  );
  await rig.pool.query("UPDATE connections SET access_token = $2, refresh_token = $3 WHERE id = $1", [id, ...texts]);
  const check = former.sealText("evertoken", `encryption_keys/${former.activeKeyId}/check_text`);
  await rig.pool.query("UPDATE encryption_keys SET check_text = $1", [check]);
  await rig.pool.query("DELETE FROM hash_keys");
  return texts;
}

test("what the last version sealed is served and refreshed in its form, until keys rotate brings all into the present one", async () => {
  const rig = await createRig();
  const [{ id, accessToken }, idle] = [await rig.connect(), await rig.connect()];
  for (const one of [id, idle.id]) {
    const texts = await sealedByLastVersion(rig, one);
    for (const text of texts) expect(text).toMatch(/^v1\./);
  }
  const client = createEvertoken({ settings: rig.env });
  expect(await client.getAccessToken(id)).toMatchObject({ accessToken });
  await client.refresh(id);
  // Processes of the last version may still run: they read what we store.
  expect((await rig.row(id)).refresh_token).toMatch(/^v1\./);

  const { engine } = engineOf(rig.env);
  expect(await rotateKeys(engine, () => {})).toMatchObject({ total: 4, reencrypted: 4, unreadable: 0, retired: [] });
  for (const one of [id, idle.id]) expect((await rig.row(one)).refresh_token).toMatch(/^v2\./);
  // The one that runs already has opened one of them meanwhile.
  await client.refresh(id);
  expect((await rig.row(id)).refresh_token).toMatch(/^v2\./);
  await client.close();
});

test("what one HSET puts into the spool never takes the place of a grant", async () => {
  const rig = await createRig();
  const { id } = await rig.connect();
  const { engine } = engineOf(rig.env);
  const row = await rig.row(id);
  // Everything that stands in the database, under the generation that is to be replaced: only the seal is missing.
  const at = new Date().toISOString();
  const forged = {
    ...{ connectionId: id, userId: row.user_id, provider: row.provider, registration: row.registration },
    ...{ fingerprint: "", client: "", generation: row.generation, leaseOwner: "x" },
    transition: {
      ...{ kind: "store", message: null, provider: null, events: [], expiresAt: null, nextRefreshAt: at },
      tokens: { accessToken: row.access_token, refreshToken: null, tokenType: null, scopes: ["all"], metadata: {} },
    },
    log: {
      ...{ trigger: "manual", outcome: "granted", errorCode: null, message: null, httpStatus: 200, durationMs: 1 },
      ...{ oldExpiresAt: null, dueAt: null, at },
    },
  };
  const unkeyed = createHash("sha256").update(JSON.stringify(forged)).digest("base64url");
  const marked = createHmac("sha256", "guessed").update(JSON.stringify(forged)).digest("base64url");
  const texts = [
    JSON.stringify(forged),
    `{"v":1,${JSON.stringify(forged).slice(1, -1)},"seal":"v1.${engine.keyring.activeKeyId}.${unkeyed}"}`,
    `{"v":1,${JSON.stringify(forged).slice(1, -1)},"seal":"v1.${engine.keyring.activeKeyId}.${marked}"}`,
    JSON.stringify({ v: 2, connectionId: id, generation: row.generation, sealed: row.access_token }),
    JSON.stringify({ v: 2, connectionId: id, generation: row.generation, sealed: JSON.stringify(forged) }),
  ];
  const key = `{${rig.env.REDIS_PREFIX}}:spool`;
  for (const [at, text] of texts.entries()) await rig.queues.redis.hset(key, `${id}-${row.generation}.${at}`, text);
  await rig.queues.redis.zadd(`{${rig.env.REDIS_PREFIX}}:copies`, ...texts.flatMap((text) => [Date.now(), text]));
  expect(await engine.spool.all()).toEqual([]);
  expect(await engine.spool.everything()).toEqual([]);
  expect(engine.spool.setAside()).toHaveLength(texts.length);
  expect(await rig.row(id)).toMatchObject({ generation: row.generation, access_token: row.access_token });
});
