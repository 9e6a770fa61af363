import type { AccessToken, Completed, Evertoken, Target } from "@evertoken/client";
import type { AuditTrail } from "./audit-trail.ts";
import { isUuid } from "./is-uuid.ts";
import { type Actor, codeOf, type Told, told } from "./told.ts";

/**
 * An Evertoken whose every change stands in the audit log under whoever it was opened for, and whose reads of tokens are counted there. Each
 * method is named here, so that a new one does not compile before somebody has said what of it is written down.
 */
export function audited(evertoken: Evertoken, audit: AuditTrail, who: Actor): Evertoken {
  const { connect, connections } = evertoken;
  const done = <T>(task: Promise<T>, what: (result: T | null) => Told) => told(audit, who, task, what);
  const read = (token: AccessToken) => audit.count({ ...who, ...readOf(token) });
  const inVain = (target: Target) => (error: unknown) => {
    audit.count({ ...who, ...readInVain(target, error) });
    throw error;
  };
  return {
    async getAccessToken(target, options) {
      const token = await evertoken.getAccessToken(target, options).catch(inVain(target));
      read(token);
      return token;
    },
    withAccessToken(target, call, options) {
      let handedOut = false;
      const noticed = (token: AccessToken) => {
        handedOut = true;
        read(token);
        return call(token);
      };
      return evertoken.withAccessToken(target, noticed, options).catch((error: unknown) => {
        if (handedOut) throw error;
        return inVain(target)(error);
      });
    },
    refresh(target, options) {
      const detail = { force: options?.force ?? false };
      return done(evertoken.refresh(target, options), (token) => ({
        ...{ action: "connection.refreshed", ...named(target, token) },
        detail: { ...detail, ...(token && { generation: token.generation, ...failedOf(token) }) },
      }));
    },
    scheduleNow: (target, options) =>
      done(evertoken.scheduleNow(target, options), (scheduled) => ({
        ...{ action: "connection.scheduled", ...named(target, scheduled) },
        detail: { when: "now", force: options?.force ?? false },
      })),
    scheduleNextRefresh: (target) =>
      done(evertoken.scheduleNextRefresh(target), (scheduled) => ({
        ...{ action: "connection.scheduled", ...named(target, scheduled), detail: { when: "next" } },
      })),
    refreshAllExpiring(options) {
      const { provider = null, dryRun = false } = options ?? {};
      return done(evertoken.refreshAllExpiring(options), (report) => ({
        action: "connections.refreshed",
        detail: { provider, dryRun, ...(report && { total: report.total, failed: report.failed }) },
      }));
    },
    sync: (id) => done(evertoken.sync(id), (requested) => ({ action: "sync.requested", ...named(id, requested) })),
    connect: {
      authorize: (input) =>
        done(connect.authorize(input), () => ({
          ...{ action: "connect.begun", detail: { provider: nameOf(input?.provider) } },
        })),
      // Whose it is is known only within: the flow writes another one, as the user who connected.
      complete: (answer) => done(connect.complete(answer), (ended) => endOf("connect.completed", ended)),
      confirm: (query, input) => done(connect.confirm(query, input), (ended) => endOf("connect.confirmed", ended)),
      endSessions: (userId) => done(connect.endSessions(userId), () => ({ action: "connect.sessions_ended" })),
      link: (input) => done(connect.link(input), () => ({ action: "connect.link_made" })),
    },
    connections: {
      import: (input) =>
        done(connections.import(input), (imported) => ({
          ...{ action: "connection.imported", connectionId: imported?.id ?? null },
          detail: { provider: nameOf(input?.provider), ...(imported?.skipped && { skipped: imported.skipped }) },
        })),
      update: (id, change) =>
        done(connections.update(id, change), (updated) => ({
          ...{ action: "connection.tagged", ...named(id, updated && { connectionId: updated.id }) },
          ...(updated && { detail: { tags: updated.tags.join(" ") } }),
        })),
      disconnect: (id) =>
        done(connections.disconnect(id), (disconnected) => ({
          ...{ action: "connection.disconnected", ...named(id, null) },
          ...(disconnected === null ? {} : { detail: { before: !disconnected } }),
        })),
      list: (filter) => connections.list(filter),
      get: (target) => connections.get(target),
      log: (id, limit) => connections.log(id, limit),
    },
    tokenStatus: (target) => evertoken.tokenStatus(target),
    health: (userId) => evertoken.health(userId),
    close: () => evertoken.close(),
  };
}

const readOf = ({ connectionId, generation }: AccessToken): Told => ({
  ...{ action: "token.read", connectionId, detail: { generation } },
});

const readInVain = (target: Target, error: unknown): Told => ({
  ...{ action: "token.read", ...named(target, null), detail: { failed: codeOf(error) } },
});

const failedOf = ({ warning }: AccessToken) => (warning === null ? {} : { failed: warning.code });

function endOf(action: string, ended: Completed | null): Told {
  if (ended === null || ended.kind === "pending") return { action, ...(ended && { detail: { ended: ended.kind } }) };
  return ended.kind === "connected"
    ? { action, connectionId: ended.connectionId }
    : { action, detail: { failed: ended.code } };
}

/** An id that is none, as it was typed, has no place in the log. */
function named(target: unknown, found: { readonly connectionId: string } | null): { connectionId?: string } {
  if (found !== null) return { connectionId: found.connectionId };
  return typeof target === "string" && isUuid(target) ? { connectionId: target } : {};
}

/** Nor has a provider's that is none. */
const nameOf = (provider: unknown): string => (/^[\w.-]{1,64}$/.test(String(provider)) ? String(provider) : "?");
