import { expect, test } from "vitest";
import { createRig, hasty, until } from "../support/rig.ts";
import { startOwnRedis } from "../support/services.ts";

test.each(["worker", "scheduler"] as const)(
  "a %s that is told to stop while Redis is away commits what it has and goes",
  async (app) => {
    const redis = await startOwnRedis();
    const rig = await createRig({
      redisUrl: redis.url,
      env: { ...hasty, REQUEST_TIMEOUT_MS: "20000", LEASE_MS: "30000" },
    });
    await rig.server.hold();
    const connection = await rig.connect({ expiresIn: 1 });
    const process = await rig.start(app);
    if (app === "worker") await rig.server.holding();

    await redis.kill("SIGKILL");
    const stopped = process.stop("SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 500));
    await rig.server.release();

    expect(await stopped).toBe(0);
    if (app === "worker") {
      await until("the token set is stored", async () => (await rig.row(connection.id)).generation === 2);
      const { refresh_token } = await rig.row(connection.id);
      expect(refresh_token).not.toBeNull();
      expect(await rig.server.summary()).toMatchObject({ granted: 1, reuse: 0 });
    }
    await redis.start();
  },
  40_000,
);
