import type { Evertoken } from "@evertoken/client";
import type { AuditEntry } from "./audit.ts";
import { isUuid } from "./is-uuid.ts";

/** Who acts, and from where. */
export type Actor = Pick<AuditEntry, "actor" | "address">;

type Told = Omit<AuditEntry, keyof Actor>;

/**
 * An Evertoken whose every change stands in the audit log, what was tried in vain too, under whoever it was opened for. Each method is named
 * here, so that a new one does not compile before somebody has said what of it is written down.
 *
 * @param audit resolves when an entry is stored. What it throws is thrown: then what was done is done, and whoever did it is told.
 */
export function audited(evertoken: Evertoken, audit: (entry: AuditEntry) => Promise<void>, who: Actor): Evertoken {
  const { connect, connections } = evertoken;
  async function told<T>(task: Promise<T>, inVain: Told, done: (result: T) => Told): Promise<T> {
    const result = await task.catch(async (error: unknown) => {
      const { code } = error as { code?: unknown };
      await audit({ ...who, ...inVain, detail: { ...inVain.detail, failed: String(code ?? "failed") } });
      throw error;
    });
    await audit({ ...who, ...done(result) });
    return result;
  }
  return {
    getAccessToken: (target, options) =>
      told(evertoken.getAccessToken(target, options), { action: "token.read" }, ({ connectionId, generation }) => ({
        ...{ action: "token.read", connectionId, detail: { generation } },
      })),
    withAccessToken: (target, call, options) =>
      evertoken.withAccessToken(
        target,
        async (token) => {
          const { connectionId, generation } = token;
          await audit({ ...who, action: "token.read", connectionId, detail: { generation } });
          return call(token);
        },
        options,
      ),
    refresh(target, options) {
      const [action, detail] = ["connection.refreshed", { force: options?.force ?? false }];
      const done = told(evertoken.refresh(target, options), { action, ...named(target), detail }, (token) => ({
        ...{ action, connectionId: token.connectionId },
        detail: { ...detail, generation: token.generation, ...(token.warning && { failed: token.warning.code }) },
      }));
      return done;
    },
    scheduleNow(target, options) {
      const [action, detail] = ["connection.scheduled", { when: "now", force: options?.force ?? false }];
      const done = ({ connectionId }: { connectionId: string }) => ({ action, connectionId, detail });
      return told(evertoken.scheduleNow(target, options), { action, ...named(target), detail }, done);
    },
    scheduleNextRefresh(target) {
      const [action, detail] = ["connection.scheduled", { when: "next" }];
      const done = (scheduled: { connectionId: string } | null) => ({
        ...{ action, detail },
        ...(scheduled === null ? named(target) : { connectionId: scheduled.connectionId }),
      });
      return told(evertoken.scheduleNextRefresh(target), { action, ...named(target), detail }, done);
    },
    refreshAllExpiring(options) {
      if (options?.dryRun === true) return evertoken.refreshAllExpiring(options);
      const [action, detail] = ["connections.refreshed", { provider: options?.provider ?? null }];
      return told(evertoken.refreshAllExpiring(options), { action, detail }, ({ total, failed }) => ({
        ...{ action, detail: { ...detail, total, failed } },
      }));
    },
    sync: (id) =>
      told(evertoken.sync(id), { action: "sync.requested", ...named(id) }, ({ connectionId }) => ({
        ...{ action: "sync.requested", connectionId },
      })),
    connect: {
      authorize: (input) => {
        const entry = { action: "connect.begun", detail: { provider: input?.provider } };
        return told(connect.authorize(input), entry, () => entry);
      },
      // Whom it belongs to is known only here, and written by the flow itself: as the user who connected.
      complete: (answer) => connect.complete(answer),
      confirm: (query, input) =>
        told(connect.confirm(query, input), { action: "connect.confirmed" }, (done) => ({
          action: "connect.confirmed",
          ...(done.kind === "connected" ? { connectionId: done.connectionId } : { detail: { failed: done.code } }),
        })),
      endSessions: (userId) => {
        const entry = { action: "connect.sessions_ended" };
        return told(connect.endSessions(userId), entry, () => entry);
      },
      link: (input) =>
        told(connect.link(input), { action: "connect.link_made" }, () => ({ action: "connect.link_made" })),
    },
    connections: {
      import(input) {
        const [action, detail] = ["connection.imported", { provider: String(input?.provider).slice(0, 64) }];
        return told(connections.import(input), { action, detail }, ({ id, skipped }) => ({
          ...{ action, connectionId: id, detail: { ...detail, ...(skipped !== null && { skipped }) } },
        }));
      },
      disconnect(id) {
        const action = "connection.disconnected";
        const done = (disconnected: boolean) => ({ action, ...named(id), detail: { before: !disconnected } });
        return told(connections.disconnect(id), { action, ...named(id) }, done);
      },
      list: (filter) => connections.list(filter),
      get: (target) => connections.get(target),
      log: (id, limit) => connections.log(id, limit),
    },
    tokenStatus: (target) => evertoken.tokenStatus(target),
    health: (userId) => evertoken.health(userId),
    close: () => evertoken.close(),
  };
}

/** An id that is none, as it was typed, has no place in the log. */
function named(target: unknown): { connectionId?: string } {
  return typeof target === "string" && isUuid(target) ? { connectionId: target } : {};
}
