import { createHash, randomBytes } from "node:crypto";
import { VaultError } from "@evertoken/adapters";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";
import { ConnectRefused } from "./connect-refusal.ts";

/** What a flow has to remember between leaving for the provider and coming back. */
export interface Flow {
  readonly userId: string;
  readonly userEmail: string | null;
  readonly provider: string;
  readonly registration: string;
  /** Reconnect: the connection that keeps its id. */
  readonly connectionId: string | null;
  readonly returnUrl: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface StoredFlow extends Flow {
  readonly codeVerifier: string | null;
}

const lifetimeMs = 600_000;

const newSecret = () => randomBytes(32).toString("base64url");
const verifierPlace = (stateHash: string) => `oauth_states/${stateHash}/code_verifier`;

/**
 * A flow that was begun in a browser of ours can be finished in that browser only: the binding, which stands in a cookie, is hashed
 * together with the state. Of either only the hash is kept.
 */
function hashState(state: string, binding: string | null): string {
  return createHash("sha256")
    .update(binding === null ? state : `${state}.${binding}`)
    .digest("hex");
}

/** @returns the one-time state (RFC 6749 section 10.12) and the PKCE verifier (RFC 7636) */
export async function saveFlow({ pool, keyring }: Engine, flow: Flow, binding: string | null) {
  const [state, codeVerifier] = [newSecret(), newSecret()];
  const hash = hashState(state, binding);
  const { rows } = await withStore(() =>
    pool.query<{ expires_at: Date }>({
      name: "oauth-state-save",
      text: `WITH pruned AS (DELETE FROM oauth_states WHERE expires_at < now() - interval '1 day')
        INSERT INTO oauth_states (state_hash, user_id, user_email, provider, registration, connection_id, return_url, redirect_uri,
          code_verifier, scopes, metadata, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now() + $12 * interval '1 millisecond') RETURNING expires_at`,
      values: [
        ...[hash, flow.userId, flow.userEmail, flow.provider, flow.registration, flow.connectionId, flow.returnUrl],
        ...[
          flow.redirectUri,
          keyring.sealText(codeVerifier, verifierPlace(hash)),
          flow.scopes,
          flow.metadata,
          lifetimeMs,
        ],
      ],
    }),
  );
  return { state, codeVerifier, expiresAt: rows[0]?.expires_at as Date };
}

export type TakenFlow =
  | { readonly kind: "taken"; readonly flow: StoredFlow; readonly stateHash: string }
  /** It was used up already. */
  | { readonly kind: "used"; readonly stateHash: string; readonly why: ConnectRefused; readonly returnUrl: string }
  | { readonly kind: "refused"; readonly why: ConnectRefused; readonly returnUrl: string | null };

interface StateRow {
  state_hash: string;
  user_id: string;
  user_email: string | null;
  provider: string;
  registration: string;
  connection_id: string | null;
  return_url: string;
  redirect_uri: string;
  code_verifier: string | null;
  scopes: string[];
  metadata: Record<string, string>;
  used_at: Date | null;
}

/** Uses the state up, by one conditional statement: of many that present it at the same time one gets it. */
export async function takeFlow(
  engine: Engine,
  state: string,
  binding: string | null,
  answerHash: string,
): Promise<TakenFlow> {
  const hashes = [hashState(state, null), ...(binding === null ? [] : [hashState(state, binding)])];
  const { rows } = await withStore(() =>
    engine.pool.query<StateRow>({
      name: "oauth-state-take",
      text: `UPDATE oauth_states SET used_at = now(), answer_hash = $2
        WHERE state_hash = ANY($1) AND used_at IS NULL AND expires_at > now() RETURNING *`,
      values: [hashes, answerHash],
    }),
  );
  const row = rows[0];
  if (row === undefined) return whyNot(engine, hashes);
  try {
    return { kind: "taken", flow: toFlow(engine, row), stateHash: row.state_hash };
  } catch (error) {
    // The key was taken out of the ring since: it is too late for this flow.
    if (!(error instanceof VaultError)) throw error;
    return { kind: "refused", why: new ConnectRefused("state_expired", error.message), returnUrl: row.return_url };
  }
}

async function whyNot({ pool }: Engine, hashes: readonly string[]): Promise<TakenFlow> {
  const { rows } = await withStore(() =>
    pool.query<StateRow>("SELECT * FROM oauth_states WHERE state_hash = ANY($1)", [hashes]),
  );
  const row = rows[0];
  if (row === undefined) return { kind: "refused", why: new ConnectRefused("state_invalid"), returnUrl: null };
  const returnUrl = row.return_url;
  if (row.used_at === null) return { kind: "refused", why: new ConnectRefused("state_expired"), returnUrl };
  return { kind: "used", stateHash: row.state_hash, why: new ConnectRefused("state_used"), returnUrl };
}

function toFlow({ keyring }: Engine, row: StateRow): StoredFlow {
  const sealed = row.code_verifier;
  return {
    userId: row.user_id,
    userEmail: row.user_email,
    provider: row.provider,
    registration: row.registration,
    connectionId: row.connection_id,
    returnUrl: row.return_url,
    redirectUri: row.redirect_uri,
    scopes: row.scopes,
    metadata: row.metadata,
    codeVerifier: sealed === null ? null : keyring.openText(sealed, verifierPlace(row.state_hash)),
  };
}
