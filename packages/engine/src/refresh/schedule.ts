import { issuedAt, setDue, type TokenRow } from "@evertoken/adapters";
import type { Scheduled, Target } from "@evertoken/client";
import { dueAt, jobId, type Trigger } from "@evertoken/core";
import type { Engine } from "../engine.ts";
import { EvertokenError, withQueue, withStore } from "../evertoken-error.ts";
import { readTarget } from "../token/access-token.ts";
import { reauthCode } from "../token/reauth-code.ts";

/**
 * Brings the connection's own job forward, ahead of routine work; adds it if it is missing. Forced, it goes before the end of a wait that
 * the provider asked for, and asks once more for one that waits for its user.
 */
export async function scheduleNow(
  engine: Engine,
  target: Target,
  { force = false, trigger = "manual" }: { force?: boolean; trigger?: Trigger } = {},
): Promise<Scheduled> {
  await withStore(() => engine.installation.require());
  const row = await readTarget(engine, target);
  const now = engine.clock.now();
  const due = await moveDue(engine, row, now, force);
  if (due === null) return scheduleNow(engine, row.id, { force, trigger });
  const job = { id: row.id, provider: row.provider, generation: row.generation };
  await withQueue(() => {
    if (due.getTime() > now.getTime()) return engine.queues.place({ ...job, dueAt: due });
    return engine.queues.bringForward(job, force ? { trigger, force } : { trigger });
  });
  return scheduled(row, due);
}

/** Computes the due time anew from the stored expiry and puts the job there. @returns null when the connection needs no job */
export async function scheduleNextRefresh(engine: Engine, target: Target): Promise<Scheduled | null> {
  await withStore(() => engine.installation.require());
  const row = await readTarget(engine, target);
  const connection = await withStore(() => engine.prisma.connection.findUniqueOrThrow({ where: { id: row.id } }));
  const policy = (await withStore(() => engine.providers.known(row.provider)))?.policy;
  if (policy === undefined) throw new EvertokenError("unknown_provider", `there is no provider "${row.provider}"`);
  const due = dueAt(
    {
      connectionId: row.id,
      issuedAt: issuedAt(connection),
      expiresAt: connection.expiresAt,
      refreshTokenExpiresAt: connection.refreshTokenExpiresAt,
      refreshable:
        policy.spends === "access_token" || (policy.spends === "refresh_token" && connection.refreshToken !== null),
    },
    policy,
    engine.config.timing,
  );
  if (due === null || row.auth_type !== "oauth2") return null;
  const placed = await moveDue(engine, row, due, false);
  if (placed === null) return scheduleNextRefresh(engine, row.id);
  await withQueue(() =>
    engine.queues.place({ id: row.id, provider: row.provider, generation: row.generation, dueAt: placed }),
  );
  return scheduled(row, placed);
}

/** @returns null when the connection changed since it was read, by a refresh that ended meanwhile: look again */
async function moveDue(engine: Engine, row: TokenRow, dueAt: Date, force: boolean): Promise<Date | null> {
  const moved = await withStore(() => setDue(engine.pool, row.id, row.generation, dueAt, force));
  if (moved !== null) return moved.dueAt;
  if (row.auth_type !== "oauth2") throw new EvertokenError("not_refreshable", `a ${row.auth_type} is not refreshed`);
  if (row.status === "disconnected")
    throw new EvertokenError("disconnected", "the user disconnected this account", { consentHelps: true });
  if (row.status === "needs_reauth" && !force) {
    throw new EvertokenError(reauthCode(row), "the user has to reconnect this account; no refresh can help", {
      consentHelps: true,
    });
  }
  return null;
}

function scheduled(row: TokenRow, due: Date): Scheduled {
  return { connectionId: row.id, generation: row.generation, jobId: jobId(row.id, row.generation), dueAt: due };
}
