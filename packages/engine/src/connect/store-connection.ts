import { type GrantHolder, inUseBy, type NewConnection } from "@evertoken/adapters";
import {
  accessTokenEnd,
  fixedEnd,
  type GrantedTokens,
  grantEnd,
  type RefreshPolicy,
  refreshTokenEnd,
} from "@evertoken/core";
import { type ConfiguredProvider, clientOf, type Identity, type Registration } from "@evertoken/providers";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";
import { unnamedAccount } from "./account-identity.ts";
import { ConnectRefused } from "./connect-refusal.ts";
import type { Flow } from "./oauth-states.ts";
import { type StoredGrant, storeGrant } from "./store-grant.ts";

export interface Obtained {
  readonly granted: GrantedTokens;
  readonly identity: Identity;
  readonly askedAt: Date;
  /** What the code was exchanged with: the refresh token is bound to its client id (RFC 6749 section 10.4). */
  readonly registration: Registration;
}

/**
 * Stores what a connect flow brought. An account that is known keeps its id and history, whether or not it was named beforehand.
 *
 * @param pendingId where it waited; it goes from there as it is stored, and once only
 * @throws {ConnectRefused} `another_account`, `grant_in_use`, `confirmation_expired` (it waits no more)
 */
export async function storeConnection(
  engine: Engine,
  configured: ConfiguredProvider,
  flow: Flow,
  { granted, identity, askedAt, registration }: Obtained,
  pendingId: string | null,
): Promise<StoredGrant> {
  const { policy } = configured;
  const externalAccountId =
    flow.connectionId === null
      ? identity.externalAccountId
      : await sameAccount(engine, flow.connectionId, identity.externalAccountId);
  const refreshTokenExpiresAt = refreshTokenEndOf(granted, policy, askedAt);
  const stated = granted.refreshTokenExpiresIn === null ? null : refreshTokenExpiresAt;
  const connection: NewConnection = {
    ...{ userId: flow.userId, userEmail: flow.userEmail, provider: flow.provider, registration: flow.registration },
    ...{ externalAccountId, displayName: identity.displayName, parentId: null, authType: "oauth2" },
    client: clientOf(registration),
    tokenType: granted.tokenType,
    // No word about it means: what was asked for (RFC 6749 section 5.1).
    scopes: granted.scopes ?? flow.scopes,
    expiresAt: accessTokenEnd(granted, policy, askedAt),
    refreshTokenExpiresAt,
    grantEndsAt: grantEnd({ stated, known: null, consentedAt: askedAt }, policy),
    metadata: { ...flow.metadata, ...granted.metadata },
    tags: flow.tags,
  };
  const store = (accountId: string) => {
    const named = { ...connection, externalAccountId: accountId };
    return storeGrant(
      engine,
      configured,
      { connection: named, registration, tokens: granted, brought: null, endUnknown: false, pendingId },
      askedAt,
    );
  };
  const stored = await store(externalAccountId);
  if (stored.kind === "stored") return noted(engine, flow, granted, stored);
  // The same grant under another name, such as that of an import: this is that account.
  const account = stored.kind === "held" ? sameUsersAccount(stored.holder, flow) : null;
  const again = account === null ? stored : await store(account);
  if (again.kind === "stored") return noted(engine, flow, granted, again);
  throw new ConnectRefused("grant_in_use", again.kind === "held" ? inUseBy(again.holder.id) : null);
}

function noted({ logger }: Engine, { provider }: Flow, { notes }: GrantedTokens, stored: StoredGrant): StoredGrant {
  const line = { provider, connection: stored.id, reason: notes.join("; ") };
  if (notes.length > 0) logger.warn(line, "the answer to a code was odd");
  return stored;
}

/** Unless a certain connection is to be reconnected: that one would stay as it is. */
function sameUsersAccount(holder: GrantHolder, flow: Flow): string | null {
  const same = holder.user_id === flow.userId && holder.provider === flow.provider && flow.connectionId === null;
  return same ? holder.external_account_id : null;
}

/** Until its first use a refresh token without an idle end has the fixed one, counted from this consent. */
function refreshTokenEndOf(granted: GrantedTokens, policy: RefreshPolicy, askedAt: Date): Date | null {
  return refreshTokenEnd(granted, policy, askedAt) ?? fixedEnd(policy, askedAt);
}

/** The account id to store under, so that the connection to be reconnected is the one that is met. */
async function sameAccount({ pool }: Engine, connectionId: string, found: string): Promise<string> {
  const { rows } = await withStore(() =>
    pool.query<{ external_account_id: string }>("SELECT external_account_id FROM connections WHERE id = $1", [
      connectionId,
    ]),
  );
  const known = rows[0]?.external_account_id;
  if (known === undefined || known === found) return found;
  // Where the provider does not tell, the user's word has to do.
  if (found === unnamedAccount) return known;
  if (known === unnamedAccount && (await named(pool, connectionId, found))) return found;
  throw new ConnectRefused("another_account");
}

/** An imported connection may not say whose it is: now it does, unless that account is connected on its own already. */
async function named(pool: Engine["pool"], connectionId: string, account: string): Promise<boolean> {
  const { rowCount } = await withStore(() =>
    pool.query(
      `UPDATE connections c SET external_account_id = $2 WHERE id = $1 AND external_account_id = $3 AND NOT EXISTS (
         SELECT FROM connections o WHERE o.user_id = c.user_id AND o.provider = c.provider AND o.external_account_id = $2)`,
      [connectionId, account, unnamedAccount],
    ),
  );
  return rowCount === 1;
}
