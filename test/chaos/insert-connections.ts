import { randomUUID } from "node:crypto";
import { createKeyring } from "@evertoken/adapters";
import type { Rig } from "../support/rig.ts";
import type { IssuedTokenSet } from "../support/token-server.ts";

export interface Inserted {
  readonly id: string;
  readonly issued: IssuedTokenSet;
  readonly dueAt: Date;
}

/** Thousands of connections in one statement, as they stand after an import, but without their jobs. */
export async function insertConnections(rig: Rig, count: number, dueAt: (index: number) => Date): Promise<Inserted[]> {
  const keyring = createKeyring([rig.env.ENCRYPTION_KEY as string]);
  const owner = (id: string) => ({ id, provider: rig.provider, registration: "default" });
  const issued = await rig.server.issue({ count });
  const rows = issued.map((set, index) => ({ id: randomUUID(), issued: set, dueAt: dueAt(index) }));
  await rig.pool.query(
    `INSERT INTO connections (id, user_id, provider, external_account_id, access_token, refresh_token, expires_at, next_refresh_at)
     SELECT id, 'user-' || account, $2, account, access_token, refresh_token, expires_at, next_refresh_at
     FROM json_to_recordset($1) AS r(id uuid, account text, access_token text, refresh_token text, expires_at timestamptz,
       next_refresh_at timestamptz)`,
    [
      JSON.stringify(
        rows.map(({ id, issued: set, dueAt: due }) => ({
          id,
          account: set.accountId,
          access_token: keyring.seal(set.accessToken, owner(id), "access_token"),
          refresh_token: keyring.seal(set.refreshToken, owner(id), "refresh_token"),
          expires_at: new Date(set.expiresAtMs),
          next_refresh_at: due,
        })),
      ),
      rig.provider,
    ],
  );
  return rows;
}
