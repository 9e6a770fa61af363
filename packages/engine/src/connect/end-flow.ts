import type { Confirmed } from "@evertoken/client";
import { type ConfiguredProvider, missingScopes } from "@evertoken/providers";
import { userActor } from "../audit.ts";
import type { Engine } from "../engine.ts";
import { requestSync } from "../sync/request-sync.ts";
import type { ConnectRefused } from "./connect-refusal.ts";
import type { Flow } from "./oauth-states.ts";
import { type Obtained, storeConnection } from "./store-connection.ts";

/** The address of the user's browser; left out where it is an app that brings what came of it. */
interface FromWhere {
  readonly address?: string | null;
}

/**
 * The connection, from what a flow brought for its user; then the first sync, the log and the audit trail.
 *
 * @param pendingId where it waited for the app's word: it goes from there in the same statement
 * @throws {ConnectRefused} `another_account`, `grant_in_use`, `confirmation_expired`
 */
export async function endFlow(
  engine: Engine,
  configured: ConfiguredProvider,
  flow: Flow & FromWhere,
  obtained: Obtained,
  pendingId: string | null,
): Promise<Confirmed> {
  const { id: connectionId, reconnected } = await storeConnection(engine, configured, flow, obtained, pendingId);
  // Redis may be away: the connection stands, and the app can ask for a sync again.
  await requestSync(engine, connectionId, { reason: "connected" }).catch(() => {});
  const missing = missingScopes(configured.provider, flow.scopes, obtained.granted.scopes ?? flow.scopes);
  engine.logger.info(
    { connection: connectionId, reconnected, missingScopes: missing },
    `${who(engine, flow)} connected`,
  );
  await audited(engine, flow, "connection.connected", { connectionId, reconnected });
  const { provider, returnUrl } = flow;
  return { kind: "connected", connectionId, provider, returnUrl, reconnected, missingScopes: missing };
}

/** Tells the log, and the one who asked, why nothing was connected. */
export function refusedFlow(
  engine: Engine,
  why: ConnectRefused,
  flow: Pick<Flow, "provider" | "userId"> | null,
  returnUrl: string | null,
): Confirmed {
  const line = { code: why.code, ...(why.reason === null ? {} : { reason: why.reason }) };
  engine.logger.warn(line, flow === null ? "a connect flow was refused" : `${who(engine, flow)} not connected`);
  return { kind: "refused", code: why.code, message: why.message, returnUrl };
}

export function audited(
  engine: Engine,
  { userId, provider, address = null }: Pick<Flow, "provider" | "userId"> & FromWhere,
  action: string,
  {
    connectionId = null,
    ...detail
  }: { connectionId?: string | null } & Readonly<Record<string, string | boolean | null>>,
): Promise<void> {
  const actor = userActor(engine, userId);
  return engine.audit.record({ actor, address, action, connectionId, detail: { provider, ...detail } });
}

export const who = ({ users }: Engine, { provider, userId }: Pick<Flow, "provider" | "userId">) =>
  `[${provider}][${users.hash(userId)}]`;
