import type { Pool } from "pg";
import type { KnownRow } from "./connections.ts";
import { givenRows } from "./given-rows.ts";
import type { GrantHolder } from "./grant-holders.ts";

export interface AccountKey {
  readonly userId: string;
  readonly provider: string;
  readonly externalAccountId: string;
}

/** What is stored of each of these accounts; null: nothing. */
export async function knownAccounts(pool: Pool, accounts: readonly AccountKey[]): Promise<(KnownRow | null)[]> {
  const { rows } = await pool.query<KnownRow & { place: number }>({
    name: "accounts-known",
    text: `SELECT a.place, c.id, c.registration, c.auth_type, c.status, c.access_token, c.refresh_token, c.expires_at,
        c.next_refresh_at, c.generation, c.metadata, c.lease_owner IS NOT NULL AS refreshing
      FROM ${givenRows("a", "place int, user_id text, provider text, account text")}
      JOIN connections c ON c.user_id = a.user_id AND c.provider = a.provider AND c.external_account_id = a.account`,
    values: [
      JSON.stringify(
        accounts.map(({ userId, provider, externalAccountId }, place) => ({
          ...{ place, user_id: userId, provider, account: externalAccountId },
        })),
      ),
    ],
  });
  const found = new Map(rows.map(({ place, ...row }) => [place, row]));
  return accounts.map((_, place) => found.get(place) ?? null);
}

export type Holding = { readonly holder: GrantHolder; readonly spent: boolean };

/** Who lives and holds each of these refresh tokens, or was imported with it and has spent it since; null: nobody. */
export async function grantHoldings(pool: Pool, hashes: readonly string[]): Promise<(Holding | null)[]> {
  const { rows } = await pool.query<GrantHolder & { place: number; spent: boolean }>({
    name: "grants-held",
    text: `WITH asked AS (SELECT * FROM ${givenRows("h", "place int, hash text")}), found AS (
        SELECT a.place, c.id, a.hash FROM asked a JOIN connections c ON c.grant_hash = a.hash AND c.grant_hash <> ''
        UNION SELECT a.place, b.connection_id, a.hash FROM asked a JOIN brought_grants b ON b.grant_hash = a.hash
      )
      SELECT f.place, c.id, c.user_id, c.provider, c.external_account_id, c.status,
        c.grant_hash IS DISTINCT FROM f.hash AS spent
      FROM found f JOIN connections c ON c.id = f.id WHERE c.status NOT IN ('disconnected', 'needs_reauth')`,
    values: [JSON.stringify(hashes.map((hash, place) => ({ place, hash })))],
  });
  const found = new Map(rows.map(({ place, spent, ...holder }) => [place, { holder, spent }]));
  return hashes.map((_, place) => found.get(place) ?? null);
}
