import type { AuthType, Connection, ConnectionStatus, Sealed } from "@evertoken/core";

/** Columns of the refresh path's view of a connection, in SQL. */
export const connectionColumns = `c.id, c.user_id, c.provider, c.registration, c.external_account_id, c.auth_type, c.status,
  c.access_token, c.refresh_token, c.token_type, c.scopes, c.expires_at, c.refresh_token_expires_at, c.client, c.generation,
  c.next_refresh_at, c.not_before, c.failing_since, c.consecutive_failures, c.lost_answers, c.connected_at, c.metadata`;

/** A row as the pg driver gives it. */
export interface ConnectionRow {
  id: string;
  user_id: string;
  provider: string;
  registration: string;
  external_account_id: string;
  auth_type: AuthType;
  status: ConnectionStatus;
  access_token: Sealed | null;
  refresh_token: Sealed | null;
  token_type: string | null;
  scopes: string[];
  expires_at: Date | null;
  refresh_token_expires_at: Date | null;
  client: string | null;
  generation: number;
  next_refresh_at: Date | null;
  not_before: Date | null;
  failing_since: Date | null;
  consecutive_failures: number;
  lost_answers: number;
  connected_at: Date;
  metadata: Record<string, string>;
}

export function toConnection(row: ConnectionRow): Connection {
  return {
    id: row.id,
    userId: row.user_id,
    provider: row.provider,
    registration: row.registration,
    externalAccountId: row.external_account_id,
    authType: row.auth_type,
    status: row.status,
    accessToken: row.access_token,
    refreshToken: row.refresh_token,
    tokenType: row.token_type,
    scopes: row.scopes,
    expiresAt: row.expires_at,
    refreshTokenExpiresAt: row.refresh_token_expires_at,
    client: row.client,
    generation: row.generation,
    nextRefreshAt: row.next_refresh_at,
    notBefore: row.not_before,
    failingSince: row.failing_since,
    consecutiveFailures: row.consecutive_failures,
    lostAnswers: row.lost_answers,
    connectedAt: row.connected_at,
    metadata: row.metadata,
  };
}
