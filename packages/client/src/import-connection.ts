import type { NewConnection } from "@evertoken/adapters";
import { type AuthType, grantEnd, type RefreshPolicy } from "@evertoken/core";
import { z } from "zod";
import { decryptLegacy } from "./connect/decrypt-legacy.ts";
import { defaultRegistration } from "./connect/registration-cache.ts";
import type { Engine } from "./engine.ts";
import { EvertokenError, withStore } from "./evertoken-error.ts";
import { isStorable } from "./is-storable.ts";
import { refuseUnaddressable } from "./refuse-unaddressable.ts";
import { type StoredGrant, storeGrant } from "./store-grant.ts";

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
    .refine((seconds) => Math.abs(seconds - Date.now() / 1000) > 5 * 365 * 86_400, "is a point in time: use expiresAt")
    .optional(),
  refreshTokenExpiresAt: when.nullish(),
  metadata: z.record(text, storable).default({}),
  userEmail: z.email().max(320).nullish(),
  /** Which of our client registrations the grant belongs to. */
  registration: text.default(defaultRegistration),
  /** The tokens are `iv:authTag:ciphertext` in hex, AES-256-GCM under `legacyKey` (64 hex digits). */
  encrypted: z.boolean().default(false),
  legacyKey: z.string().max(512).optional(),
});

/** A token set that is brought in from elsewhere. */
export type ImportInput = z.input<typeof importSchema>;

export type Imported = StoredGrant;

/** Stores a token set and schedules its refresh. An account that is known is reconnected: same id, next generation. @throws {EvertokenError} */
export async function importConnection(engine: Engine, input: ImportInput): Promise<Imported> {
  const parsed = parse(input);
  const configured = await withStore(() => engine.providers.known(parsed.provider));
  if (configured === undefined) {
    throw new EvertokenError(
      "unknown_provider",
      `there is no provider "${parsed.provider}": see \`evertoken providers\``,
    );
  }
  const tokens = opened(parsed);
  await withStore(engine.checkKeys);
  if ((await withStore(() => engine.registrations.find(parsed.provider, parsed.registration))) === null) {
    // An app may leave the environment's secrets to the workers; a stored one is everybody's.
    if (parsed.registration !== defaultRegistration) {
      throw new EvertokenError("invalid_input", `registration: there is no ${parsed.provider}/${parsed.registration}`);
    }
  }
  await refuseUnaddressable(engine, configured.provider, parsed);
  const now = new Date();
  const authType = parsed.authType ?? configured.provider.authType;
  const expiresAt = expiryOf(parsed, authType, configured.policy, now);
  const known = parsed.refreshTokenExpiresAt ?? null;
  const grantEndsAt =
    authType === "oauth2" ? grantEnd({ stated: null, known, consentedAt: now }, configured.policy) : null;
  return storeGrant(engine, configured.policy, toNewConnection(parsed, authType, expiresAt, grantEndsAt), tokens, now);
}

type Parsed = z.output<typeof importSchema>;

function parse(input: unknown): Parsed {
  const parsed = importSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  // Only where and why: the value itself may be a token.
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`);
  throw new EvertokenError("invalid_input", `the connection cannot be imported: ${faults.join("; ")}`);
}

function opened({ accessToken, refreshToken, encrypted, legacyKey }: Parsed) {
  if (!encrypted) {
    if (legacyKey === undefined) return { accessToken, refreshToken: refreshToken ?? null };
    throw new EvertokenError("invalid_input", "legacyKey: only goes with `encrypted`");
  }
  if (legacyKey === undefined) throw new EvertokenError("invalid_input", "legacyKey: needed to open encrypted tokens");
  return {
    accessToken: decryptLegacy(accessToken, legacyKey),
    refreshToken: refreshToken ? decryptLegacy(refreshToken, legacyKey) : null,
  };
}

function expiryOf(parsed: Parsed, authType: AuthType, policy: RefreshPolicy, now: Date): Date | null {
  if (parsed.expiresAt) return parsed.expiresAt;
  if (parsed.expiresIn !== undefined) return new Date(now.getTime() + parsed.expiresIn * 1000);
  if (authType !== "oauth2" || parsed.expiresAt === null || policy.lifetimeSeconds === null) return null;
  return new Date(now.getTime() + policy.lifetimeSeconds * 1000);
}

function toNewConnection(
  parsed: Parsed,
  authType: AuthType,
  expiresAt: Date | null,
  grantEndsAt: Date | null,
): NewConnection {
  return {
    userId: parsed.userId,
    provider: parsed.provider,
    registration: parsed.registration,
    externalAccountId: parsed.externalAccountId,
    displayName: parsed.displayName ?? null,
    userEmail: parsed.userEmail ?? null,
    parentId: null,
    authType,
    tokenType: parsed.tokenType ?? null,
    scopes: parsed.scopes,
    expiresAt,
    refreshTokenExpiresAt: parsed.refreshTokenExpiresAt ?? null,
    grantEndsAt,
    metadata: parsed.metadata,
  };
}
