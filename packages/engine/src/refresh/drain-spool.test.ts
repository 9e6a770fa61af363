import { expect, test, vi } from "vitest";
import { createDrainWhileKept, type DrainDeps } from "./drain-spool.ts";

test("what is kept while the last look finds nothing gets a look of its own", async () => {
  let looks = 0;
  const deps = {
    work: { pause: async () => {}, run: <T>(task: () => T) => task() },
    installation: { standing: async () => null },
    spool: {
      left: async () => [],
      async all() {
        // By the second one it judges whether anything is left.
        if (++looks === 2) kept();
        return [];
      },
    },
  };
  const kept = createDrainWhileKept(deps as unknown as DrainDeps);
  kept();
  await vi.waitFor(() => expect(looks).toBe(4));
});
