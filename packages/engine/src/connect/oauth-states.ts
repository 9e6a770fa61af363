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
  /** For the connection that it brings. */
  readonly tags: readonly string[];
  /** What it brings waits until the app has confirmed it for its user. */
  readonly confirm: boolean;
}

export interface StoredFlow extends Flow {
  readonly codeVerifier: string;
}

/** A flow that begins, with what only the browser will know. */
export interface NewFlow {
  readonly flow: Flow;
  /** One-time (RFC 6749 section 10.12). */
  readonly state: string;
  /** PKCE (RFC 7636). */
  readonly codeVerifier: string;
  readonly binding: string | null;
  /** Our start address' last part, and the page for consent that it leads to; null: the app sends the browser out itself. */
  readonly start: { readonly token: string; readonly consentUrl: string } | null;
}

const lifetimeMs = 600_000;

export const newSecret = () => randomBytes(32).toString("base64url");
export const hashSecret = (secret: string) => createHash("sha256").update(secret).digest("hex");
const consentPlace = (stateHash: string) => `oauth_states/${stateHash}/consent_url`;

/**
 * The verifier opens only beside what the flow was begun with. A row in which somebody else has changed for whom it is, where code and user
 * are sent, or whether the app is asked, is no flow.
 */
function verifierPlace(stateHash: string, flow: Flow, startHash: string | null): string {
  const { userId, userEmail, provider, registration, connectionId, returnUrl, redirectUri, scopes, confirm, tags } =
    flow;
  // Postgres keeps no order of fields.
  const metadata = Object.entries(flow.metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const where = [provider, registration, connectionId, returnUrl, redirectUri, scopes, metadata];
  // The version before knows no tags: a flow without them is the same for both.
  const tagged = tags.length === 0 ? [] : [tags];
  const begun = [userId, userEmail, ...where, confirm, startHash, ...tagged];
  return `oauth_states/${stateHash}/code_verifier/${JSON.stringify(begun)}`;
}

/**
 * A flow that was begun with a binding is finished with that binding only: it is hashed together with the state. Of either only the
 * hash is kept.
 */
function hashState(state: string, binding: string | null): string {
  return hashSecret(binding === null ? state : `${state}.${binding}`);
}

/**
 * Of the browser that was sent out. It holds for this flow alone: what stands in another row, put here, is nobody's.
 *
 * @param browserHash of the secret of its cookie
 * @param startHash of the start address
 */
const boundBrowser = (browserHash: string, startHash: string) => hashSecret(`${browserHash}.${startHash}`);
const boundBrowserSql = (browserHash: string) =>
  `encode(sha256(convert_to(${browserHash} || '.' || start_hash, 'UTF8')), 'hex')`;

/** @returns when it ends */
export async function saveFlow({ pool, keyring }: Engine, begun: NewFlow): Promise<Date> {
  const { flow, state, codeVerifier, binding, start } = begun;
  const hash = hashState(state, binding);
  const startHash = start === null ? null : hashSecret(start.token);
  const { rows } = await withStore(() =>
    pool.query<{ expires_at: Date }>({
      name: "oauth-state-save",
      text: `WITH pruned AS (DELETE FROM oauth_states WHERE expires_at < now() - interval '1 day')
        INSERT INTO oauth_states (state_hash, user_id, user_email, provider, registration, connection_id, return_url, redirect_uri,
          code_verifier, scopes, metadata, expires_at, confirm, start_hash, consent_url, tags)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now() + $12 * interval '1 millisecond', $13, $14, $15, $16)
        RETURNING expires_at`,
      values: [
        ...[hash, flow.userId, flow.userEmail, flow.provider, flow.registration, flow.connectionId, flow.returnUrl],
        ...[
          flow.redirectUri,
          keyring.sealText(codeVerifier, verifierPlace(hash, flow, startHash)),
          flow.scopes,
          flow.metadata,
        ],
        ...[lifetimeMs, flow.confirm, startHash],
        start === null ? null : keyring.sealText(start.consentUrl, consentPlace(hash)),
        flow.tags,
      ],
    }),
  );
  return rows[0]?.expires_at as Date;
}

/**
 * Takes a start address for one browser, which alone can bring the answer back. The same browser may open it again.
 *
 * @param browser the secret of its cookie
 * @returns the provider's page for consent; null: not known, too late, or another browser's
 */
export async function takeStart({ pool, keyring }: Engine, token: string, browser: string): Promise<string | null> {
  const startHash = hashSecret(token);
  const { rows } = await withStore(() =>
    pool.query<{ state_hash: string; consent_url: string }>({
      name: "oauth-state-start",
      text: `UPDATE oauth_states SET browser_hash = $2 WHERE start_hash = $1 AND used_at IS NULL AND expires_at > now()
        AND coalesce(browser_hash, $2) = $2 RETURNING state_hash, consent_url`,
      values: [startHash, boundBrowser(hashSecret(browser), startHash)],
    }),
  );
  const [row] = rows;
  return row === undefined ? null : keyring.openText(row.consent_url, consentPlace(row.state_hash));
}

export type TakenFlow =
  | { readonly kind: "taken"; readonly flow: StoredFlow; readonly stateHash: string }
  /** It was used up already. */
  | { readonly kind: "used"; readonly stateHash: string; readonly why: ConnectRefused; readonly returnUrl: string }
  | { readonly kind: "refused"; readonly why: ConnectRefused; readonly returnUrl: string | null };

export interface StateRow {
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
  tags: string[];
  confirm: boolean;
  start_hash: string | null;
  browser_hash: string | null;
  used_at: Date | null;
}

/** What the one who brings an answer has to show. */
export interface Presented {
  readonly state: string;
  readonly binding: string | null;
  /** The secret of the browser's cookie. */
  readonly browser: string | null;
}

/** Uses the state up, by one conditional statement: of many that present it at the same time one gets it. */
export async function takeFlow(
  engine: Engine,
  { state, binding, browser }: Presented,
  answerHash: string,
): Promise<TakenFlow> {
  const hashes = [hashState(state, null), ...(binding === null ? [] : [hashState(state, binding)])];
  const browserHash = browser === null ? null : hashSecret(browser);
  const { rows } = await withStore(() =>
    engine.pool.query<StateRow>({
      name: "oauth-state-take",
      text: `UPDATE oauth_states SET used_at = now(), answer_hash = $2
        WHERE state_hash = ANY($1) AND used_at IS NULL AND expires_at > now() AND (start_hash IS NULL OR browser_hash = ${boundBrowserSql("$3")})
        RETURNING *`,
      values: [hashes, answerHash, browserHash],
    }),
  );
  const row = rows[0];
  if (row === undefined) return whyNot(engine, hashes, browserHash);
  const flow = openFlow(engine, row);
  if (flow === null) return unreadable;
  return { kind: "taken", flow, stateHash: row.state_hash };
}

const unreadable: TakenFlow = {
  kind: "refused",
  why: new ConnectRefused("state_expired", "its key is not in the ring, or its row was altered"),
  returnUrl: null,
};

async function whyNot(engine: Engine, hashes: readonly string[], browserHash: string | null): Promise<TakenFlow> {
  const { rows } = await withStore(() =>
    engine.pool.query<StateRow>("SELECT * FROM oauth_states WHERE state_hash = ANY($1)", [hashes]),
  );
  const row = rows[0];
  if (row === undefined) return { kind: "refused", why: new ConnectRefused("state_invalid"), returnUrl: null };
  // Nothing is used up, and nothing told: the browser that was sent out may still come.
  const { start_hash: startHash, browser_hash: bound } = row;
  if (startHash !== null && (browserHash === null || bound !== boundBrowser(browserHash, startHash))) {
    return { kind: "refused", why: new ConnectRefused("other_browser"), returnUrl: null };
  }
  const flow = openFlow(engine, row);
  if (flow === null) return unreadable;
  const { returnUrl } = flow;
  if (row.used_at === null) return { kind: "refused", why: new ConnectRefused("state_expired"), returnUrl };
  return { kind: "used", stateHash: row.state_hash, why: new ConnectRefused("state_used"), returnUrl };
}

/** @returns null: its key was taken out of the ring since, or somebody else has written the row */
export function openFlow({ keyring }: Pick<Engine, "keyring">, row: StateRow): StoredFlow | null {
  const flow: Flow = {
    userId: row.user_id,
    userEmail: row.user_email,
    provider: row.provider,
    registration: row.registration,
    connectionId: row.connection_id,
    returnUrl: row.return_url,
    redirectUri: row.redirect_uri,
    scopes: row.scopes,
    metadata: row.metadata,
    tags: row.tags,
    confirm: row.confirm,
  };
  const place = verifierPlace(row.state_hash, flow, row.start_hash);
  try {
    return { ...flow, codeVerifier: keyring.openText(row.code_verifier ?? "", place) };
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}
