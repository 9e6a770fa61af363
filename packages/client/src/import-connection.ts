import { disconnect, type NewConnection, type Stored, upsert } from "@evertoken/adapters";
import { type AuthType, dueAt, type RefreshPolicy } from "@evertoken/core";
import { z } from "zod";
import { nudgeDelivery } from "./announce.ts";
import { derives, type Engine } from "./engine.ts";
import { EvertokenError, withStore } from "./evertoken-error.ts";
import { isStorable } from "./is-storable.ts";

const when = z.union([z.date(), z.iso.datetime({ offset: true }).transform((text) => new Date(text))]);
const storable = z.string().refine(isStorable, "has characters that cannot be stored");
const text = storable.trim().min(1).max(512);

const importSchema = z.strictObject({
  userId: text,
  provider: text,
  accessToken: z.string().min(1).max(65_536),
  refreshToken: z.string().min(1).max(65_536).nullish(),
  /** The account at the provider, so that one user may connect several. */
  externalAccountId: text.default("default"),
  displayName: text.nullish(),
  authType: z.enum(["oauth2", "api_key", "personal_access_token"]).optional(),
  tokenType: text.nullish(),
  scopes: z.array(text).default([]),
  /** When the access token ends; or `expiresIn` seconds from now; neither: the provider's documented lifetime from now. */
  expiresAt: when.nullish(),
  expiresIn: z
    .number()
    .positive()
    .max(100 * 365 * 86_400)
    .optional(),
  refreshTokenExpiresAt: when.nullish(),
  metadata: z.record(text, storable).default({}),
});

/** A token set that is brought in from elsewhere. */
export type ImportInput = z.input<typeof importSchema>;

export interface Imported extends Stored {
  readonly nextRefreshAt: Date | null;
  /** false: Redis is away; reconcile adds the job when it is back. */
  readonly scheduled: boolean;
}

/** Stores a token set and schedules its refresh. An account that is known is reconnected: same id, next generation. @throws {EvertokenError} */
export async function importConnection(engine: Engine, input: ImportInput): Promise<Imported> {
  const parsed = parse(input);
  const configured = engine.providers.get(parsed.provider);
  if (configured === undefined) {
    throw new EvertokenError(
      "unknown_provider",
      `there is no provider "${parsed.provider}": see \`evertoken providers\``,
    );
  }
  await withStore(engine.checkKeys);
  const now = new Date();
  const authType = parsed.authType ?? configured.provider.authType;
  const expiresAt = expiryOf(parsed, authType, configured.policy, now);
  const connection = toNewConnection(parsed, authType, expiresAt);
  let nextRefreshAt: Date | null = null;
  const stored = await withStore(() =>
    upsert(
      engine.pool,
      connection,
      (id) => {
        nextRefreshAt = dueOf(id, parsed, connection, configured.policy, engine, now);
        const refreshToken = parsed.refreshToken ? engine.keyring.seal(parsed.refreshToken, id, "refresh_token") : null;
        return {
          accessToken: engine.keyring.seal(parsed.accessToken, id, "access_token"),
          refreshToken,
          nextRefreshAt,
        };
      },
      now,
    ),
  );
  return { ...stored, nextRefreshAt, scheduled: await schedule(engine, parsed.provider, stored, nextRefreshAt) };
}

type Parsed = z.output<typeof importSchema>;

function parse(input: unknown): Parsed {
  const parsed = importSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  // Only where and why: the value itself may be a token.
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`);
  throw new EvertokenError("invalid_input", `the connection cannot be imported: ${faults.join("; ")}`);
}

function expiryOf(parsed: Parsed, authType: AuthType, policy: RefreshPolicy, now: Date): Date | null {
  if (parsed.expiresAt) return parsed.expiresAt;
  if (parsed.expiresIn !== undefined) return new Date(now.getTime() + parsed.expiresIn * 1000);
  if (authType !== "oauth2" || parsed.expiresAt === null || policy.lifetimeSeconds === null) return null;
  return new Date(now.getTime() + policy.lifetimeSeconds * 1000);
}

function toNewConnection(parsed: Parsed, authType: AuthType, expiresAt: Date | null): NewConnection {
  return {
    userId: parsed.userId,
    provider: parsed.provider,
    registration: "default",
    externalAccountId: parsed.externalAccountId,
    displayName: parsed.displayName ?? null,
    parentId: null,
    authType,
    tokenType: parsed.tokenType ?? null,
    scopes: parsed.scopes,
    expiresAt,
    refreshTokenExpiresAt: parsed.refreshTokenExpiresAt ?? null,
    metadata: parsed.metadata,
  };
}

function dueOf(
  id: string,
  parsed: Parsed,
  { authType, expiresAt, refreshTokenExpiresAt }: NewConnection,
  policy: RefreshPolicy,
  { config }: Engine,
  now: Date,
): Date | null {
  if (authType !== "oauth2") return null;
  const refreshable =
    policy.spends === "access_token" || (policy.spends === "refresh_token" && Boolean(parsed.refreshToken));
  const lifetime = { connectionId: id, issuedAt: now, expiresAt, refreshTokenExpiresAt, refreshable };
  return dueAt(lifetime, policy, config.timing);
}

async function schedule(
  engine: Engine,
  provider: string,
  stored: Stored,
  nextRefreshAt: Date | null,
): Promise<boolean> {
  const { id, generation } = stored;
  try {
    if (stored.reconnected) await engine.queues.remove(provider, id, generation - 1);
    if (nextRefreshAt !== null) await engine.queues.add({ id, provider, generation, dueAt: nextRefreshAt });
    if (derives(engine.providers, provider)) await engine.queues.derive(id, generation);
    await nudgeDelivery(engine.queues);
    return true;
  } catch {
    return false;
  }
}

/** Erases the tokens, removes the jobs, keeps the history. @returns whether there was anything to disconnect */
export async function disconnectConnection(engine: Engine, id: string): Promise<boolean> {
  const gone = await withStore(() => disconnect(engine.pool, id, new Date()));
  try {
    for (const { provider, id: connectionId, generation } of gone) {
      await engine.queues.remove(provider, connectionId, generation);
    }
    if (gone.length > 0) await nudgeDelivery(engine.queues);
  } catch {
    // Redis is away: the job finds nothing to refresh, or reconcile removes it before.
  }
  return gone.length > 0;
}
