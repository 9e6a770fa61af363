import { createPool } from "@evertoken/adapters";
import { createEvertoken } from "@evertoken/engine";
import { type Ground, openGround, seed } from "./ground.ts";

const secondsEach = 4;

/** T2: `getAccessToken` on fresh tokens beside the bare `SELECT` of the same row, per second. */
export async function measureTokenReads(connections: number, callers: number) {
  const ground = await openGround();
  try {
    const ids = (await seed(ground, connections, () => 3_600_000)).map(({ id }) => id);
    const bare = await bareSelect(ground, ids, callers);
    const client = createEvertoken({ settings: ground.env });
    const evertoken = await rate(callers, ids, (id) => client.getAccessToken(id));
    await client.close();
    return { callers, bare, evertoken, ratio: evertoken / bare };
  } finally {
    await ground.close();
  }
}

async function bareSelect(ground: Ground, ids: readonly string[], callers: number): Promise<number> {
  const pool = createPool(ground.env.DATABASE_URL as string, 20, () => {});
  const text = "SELECT access_token, expires_at FROM connections WHERE id = $1";
  const selects = await rate(callers, ids, (id) => pool.query({ name: "bare", text, values: [id] }));
  await pool.end();
  return selects;
}

async function rate(callers: number, ids: readonly string[], call: (id: string) => Promise<unknown>): Promise<number> {
  const end = performance.now() + secondsEach * 1000;
  let calls = 0;
  const lane = async (lane: number) => {
    for (let i = lane; performance.now() < end; i += callers) {
      await call(ids[i % ids.length] as string);
      calls++;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, index) => lane(index)));
  return calls / secondsEach;
}
