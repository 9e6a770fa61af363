import { disconnect, upsert } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { FreshToken, getAccessToken } from "@evertoken/engine/internal";
import { type DerivedToken, derivedRequest, readDerived } from "@evertoken/providers";

/**
 * Fetches the child tokens that a provider hands out for a connection's token, such as those of a Meta user's Pages, all result pages,
 * and stores each as a child connection. A child that is no longer listed is shown as needing the user.
 *
 * @returns how many children there are
 * @throws when the provider does not answer; the job is then retried
 */
export async function deriveChildren(engine: Engine, parentId: string): Promise<number> {
  const token = await getAccessToken(engine, new FreshToken(engine), parentId);
  const parent = await engine.prisma.connection.findUniqueOrThrow({ where: { id: parentId } });
  const children = await fetchAll(
    engine,
    parent.provider,
    token.accessToken,
    parent.metadata as Record<string, string>,
  );
  const now = engine.clock.now();
  const refused = await disconnectedByUser(engine, parentId);
  for (const child of children) {
    if (!refused.has(externalId(child))) await storeChild(engine, parent, child, now);
  }
  const wanted = await matchDerived(engine, parentId, token.generation, children, now);
  // The user disconnected while we fetched: what was stored after that goes as well.
  if (!wanted) await disconnect(engine.pool, parentId, now);
  return wanted ? children.length : 0;
}

async function fetchAll(
  { providers, exchange }: Engine,
  providerId: string,
  accessToken: string,
  metadata: Record<string, string>,
): Promise<DerivedToken[]> {
  const provider = (await providers.known(providerId))?.provider;
  const children: DerivedToken[] = [];
  for (let next: string | null = null; ; ) {
    const request = provider === undefined ? null : derivedRequest(provider, { accessToken, metadata, next });
    if (provider === undefined || request === null) return children;
    const answer = readDerived(provider, await exchange(request));
    if (answer.kind === "failed")
      throw new Error(`child tokens could not be fetched: HTTP ${answer.httpStatus ?? "failure"}`);
    children.push(...answer.tokens);
    if (answer.next === null) return children;
    next = answer.next;
  }
}

const externalId = (child: DerivedToken) => `page:${child.externalAccountId}`;

/** A child that was disconnected by itself stays so until its parent is connected anew. */
async function disconnectedByUser({ pool }: Engine, parentId: string): Promise<Set<string>> {
  const { rows } = await pool.query<{ external_account_id: string }>(
    `SELECT c.external_account_id FROM connections c JOIN connections p ON p.id = c.parent_id
     WHERE c.parent_id = $1 AND c.status = 'disconnected' AND c.updated_at > p.connected_at`,
    [parentId],
  );
  return new Set(rows.map(({ external_account_id }) => external_account_id));
}

async function storeChild(
  engine: Engine,
  parent: { id: string; userId: string; provider: string; registration: string; scopes: string[]; tags: string[] },
  child: DerivedToken,
  now: Date,
): Promise<void> {
  await upsert(
    engine.pool,
    {
      userId: parent.userId,
      provider: parent.provider,
      registration: parent.registration,
      externalAccountId: externalId(child),
      displayName: child.displayName,
      parentId: parent.id,
      authType: "derived",
      tokenType: "bearer",
      scopes: parent.scopes,
      expiresAt: null,
      refreshTokenExpiresAt: null,
      metadata: {},
      tags: parent.tags,
    },
    (id) => ({
      accessToken: engine.keyring.seal(child.accessToken, { ...parent, id }, "access_token"),
      refreshToken: null,
      grantHash: "",
      brought: null,
      nextRefreshAt: null,
    }),
    now,
  );
}

/** @returns whether the parent is still connected */
async function matchDerived(
  { pool }: Engine,
  parentId: string,
  generation: number,
  children: readonly DerivedToken[],
  now: Date,
): Promise<boolean> {
  const listed = children.map(externalId);
  await pool.query(
    `UPDATE connections SET status = 'needs_reauth', last_error_code = 'insufficient_scope',
       last_error_message = 'the provider no longer lists it', updated_at = $3
     WHERE parent_id = $1 AND auth_type = 'derived' AND status = 'connected' AND external_account_id <> ALL($2::text[])`,
    [parentId, listed, now],
  );
  const { rowCount } = await pool.query(
    "UPDATE connections SET derived_generation = $2 WHERE id = $1 AND status <> 'disconnected'",
    [parentId, generation],
  );
  return rowCount === 1;
}
