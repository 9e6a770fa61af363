import { firstId, type Sealed } from "@evertoken/core";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";

export interface ExportFilter {
  readonly userId?: string;
  readonly provider?: string;
  readonly tag?: string;
  /** In plain. Whoever has them can act for the users: see to it where they go. */
  readonly withTokens: boolean;
}

/** A connection in the words of an import. Times are ISO 8601. */
interface ExportedRow {
  readonly userId: string;
  readonly provider: string;
  readonly registration: string;
  readonly externalAccountId: string;
  readonly displayName: string | null;
  readonly userEmail: string | null;
  readonly authType: string;
  readonly tokenType: string | null;
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
  readonly refreshTokenExpiresAt: Date | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly accessToken?: string | null;
  readonly refreshToken?: string | null;
}

export type Exported =
  | { readonly kind: "row"; readonly row: ExportedRow; readonly refreshing: boolean }
  /** Its tokens do not open with our keys. */
  | { readonly kind: "unreadable"; readonly id: string };

interface StoredRow extends Omit<ExportedRow, "accessToken" | "refreshToken"> {
  readonly id: string;
  readonly access_token: Sealed | null;
  readonly refresh_token: Sealed | null;
  readonly refreshing: boolean;
}

const pageSize = 1000;

/**
 * All connections that hold tokens that work, in pages by id. Left out: those that are disconnected or wait for their user, and derived ones,
 * which come with their parent's token.
 */
export async function* exportConnections(engine: Engine, filter: ExportFilter): AsyncGenerator<readonly Exported[]> {
  await withStore(engine.checkKeys);
  for (let after = firstId; ; ) {
    const rows = await withStore(() => page(engine, filter, after));
    if (rows.length > 0) yield rows.map((row) => exported(engine, row, filter.withTokens));
    if (rows.length < pageSize) return;
    after = rows.at(-1)?.id as string;
  }
}

async function page({ pool }: Engine, { userId, provider, tag }: ExportFilter, after: string): Promise<StoredRow[]> {
  const { rows } = await pool.query<StoredRow>({
    name: "connections-export",
    text: `SELECT id, user_id AS "userId", provider, registration, external_account_id AS "externalAccountId",
        display_name AS "displayName", user_email AS "userEmail", auth_type AS "authType", token_type AS "tokenType", scopes,
        expires_at AS "expiresAt", refresh_token_expires_at AS "refreshTokenExpiresAt", metadata, tags, access_token, refresh_token,
        coalesce(lease_until > now(), false) AS refreshing
      FROM connections
      WHERE id > $1 AND ($2::text IS NULL OR user_id = $2) AND ($3::text IS NULL OR provider = $3)
        AND ($4::text IS NULL OR EXISTS (SELECT FROM connection_tags t WHERE t.tag = $4 AND t.connection_id = connections.id))
        AND status NOT IN ('disconnected', 'needs_reauth') AND auth_type <> 'derived'
      ORDER BY id LIMIT ${pageSize}`,
    values: [after, userId ?? null, provider ?? null, tag ?? null],
  });
  return rows;
}

function exported({ keyring }: Engine, stored: StoredRow, withTokens: boolean): Exported {
  const { id, access_token: access, refresh_token: refresh, refreshing, ...row } = stored;
  if (!withTokens) return { kind: "row", row, refreshing };
  try {
    const accessToken = access === null ? null : keyring.open(access, stored, "access_token");
    const refreshToken = refresh === null ? null : keyring.open(refresh, stored, "refresh_token");
    return { kind: "row", row: { ...row, accessToken, refreshToken }, refreshing };
  } catch {
    return { kind: "unreadable", id };
  }
}
