import { createKeyring } from "@evertoken/adapters";
import type { GrantRecord } from "@evertoken/core";
import type { Connected, Rig } from "./rig.ts";

/** What a process kept for a connection whose tokens it had refreshed; some of it is such that Postgres refuses it. */
export function keptFor(rig: Rig, { id, generation }: Connected, log: Partial<GrantRecord["log"]> = {}): GrantRecord {
  const ring = createKeyring([rig.env.ENCRYPTION_KEY as string]);
  const owner = { id, provider: rig.provider, registration: "default" };
  return {
    ...{
      connectionId: id,
      userId: "user",
      provider: rig.provider,
      registration: "default",
      fingerprint: "x",
      client: "c",
    },
    ...{ generation, leaseOwner: "a dead process" },
    transition: {
      kind: "store",
      tokens: {
        accessToken: ring.seal("kept-access", owner, "access_token"),
        refreshToken: ring.seal("kept-refresh", owner, "refresh_token"),
        ...{ tokenType: "Bearer", scopes: null, metadata: {} },
      },
      expiresAt: new Date(Date.now() + 3_600_000),
      nextRefreshAt: new Date(Date.now() + 1_800_000),
      ...{ refreshTokenExpiresAt: null, grantEndsAt: null, message: null, provider: null, events: [] },
    },
    log: {
      ...{ trigger: "scheduled", outcome: "granted", errorCode: null, message: null, httpStatus: 200, durationMs: 12 },
      ...{ oldExpiresAt: null, dueAt: null, at: new Date() },
      ...log,
    },
  };
}
