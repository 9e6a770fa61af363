import { createKeyring, createPool, createStore } from "@evertoken/adapters";
import { type CommitRecord, defaultTiming } from "@evertoken/core";
import { catalogue, createExchange, createProviders, readProviderSettings, refreshRequest } from "@evertoken/providers";
import type { Ground, Seeded } from "./ground.ts";
import { provider } from "./ground.ts";

const batching = { "one each": { batching: { maxSize: 1, maxRunning: 1000 } }, shared: {} };

/**
 * The least that a refresh costs: the same HTTP call, decryption and encryption, and the same two SQL statements, in a plain loop.
 * No queue, no judgement, no decision.
 *
 * @param statements `one each`, as a careful loop would be written; `shared`, as Evertoken does it
 * @returns refreshes per second
 */
export async function bareLoop(
  ground: Ground,
  seeded: readonly Seeded[],
  inFlight: number,
  statements: "one each" | "shared",
): Promise<number> {
  const { settings } = readProviderSettings(ground.env, () => "", catalogue);
  const configured = createProviders(settings).get(provider);
  if (configured?.registration == null) throw new Error("the provider is not configured");
  const { registration } = configured;
  const keyring = createKeyring([ground.env.ENCRYPTION_KEY as string]);
  const exchange = createExchange({ allowPrivateAddresses: true });
  const pool = createPool(ground.env.DATABASE_URL as string, 20, () => {});
  const store = createStore(pool, {
    owner: "bare",
    leaseMs: 60_000,
    sendWithinMs: 25_000,
    takeoverMs: 5000,
    cooldownMs: 0,
    timing: defaultTiming,
    fingerprints: () => ({}),
    ...batching[statements],
  });

  const one = async (id: string) => {
    const order = { connectionId: id, trigger: "scheduled", generation: 1, onlyDue: false, force: false } as const;
    const claimed = await store.claim(order, new Date());
    if (claimed.kind !== "claimed") throw new Error(`not claimed: ${claimed.why}`);
    const { connection } = claimed.lease;
    if (connection.refreshToken === null) throw new Error("no refresh token");
    const tokens = {
      accessToken: null,
      refreshToken: keyring.open(connection.refreshToken, connection, "refresh_token"),
    };
    const answer = await exchange(refreshRequest(configured.provider, { registration, connection, tokens }));
    if (answer.kind !== "response") throw new Error("no answer");
    const body = JSON.parse(Buffer.from(answer.body).toString()) as { access_token: string; refresh_token: string };
    await store.commit(
      recordOf(
        id,
        keyring.seal(body.access_token, connection, "access_token"),
        keyring.seal(body.refresh_token, connection, "refresh_token"),
      ),
    );
  };

  const queue = [...seeded];
  const started = performance.now();
  const lane = async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) await one(next.id);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const seconds = (performance.now() - started) / 1000;
  exchange.close();
  await pool.end();
  return seeded.length / seconds;
}

function recordOf(
  connectionId: string,
  accessToken: ReturnType<ReturnType<typeof createKeyring>["seal"]>,
  refreshToken: typeof accessToken,
): CommitRecord {
  const now = new Date();
  return {
    ...{
      connectionId,
      userId: "",
      provider,
      registration: "default",
      fingerprint: "",
      client: "bench",
      generation: 1,
      leaseOwner: "bare",
    },
    transition: {
      kind: "store",
      tokens: { accessToken, refreshToken, tokenType: "Bearer", scopes: null, metadata: {} },
      expiresAt: new Date(now.getTime() + 1_800_000),
      refreshTokenExpiresAt: null,
      grantEndsAt: null,
      nextRefreshAt: new Date(now.getTime() + 1_500_000),
      message: null,
      provider: null,
      events: [],
    },
    log: {
      ...{ trigger: "scheduled", outcome: "granted", errorCode: null, message: null, httpStatus: 200, durationMs: 1 },
      oldExpiresAt: now,
      dueAt: now,
      at: now,
    },
  };
}
