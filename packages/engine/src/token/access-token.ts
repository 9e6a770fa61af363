import { type TokenRow, tokenById, tokenByUser } from "@evertoken/adapters";
import type { AccessToken, AccessTokenOptions, Target } from "@evertoken/client";
import type { Sealed } from "@evertoken/core";
import { missingScopes } from "@evertoken/providers";
import { isStorable } from "../connect/is-storable.ts";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { isUuid } from "../is-uuid.ts";
import { type Freshened, type FreshToken, notFound } from "./fresh-token.ts";
import { reauthCode } from "./reauth-code.ts";
import { reconnectUrl } from "./reconnect-url.ts";

const defaultMinTtlSeconds = 30;

/** A valid token: the stored one by one indexed read, or else a fresh one. @throws {EvertokenError} */
export async function getAccessToken(
  engine: Engine,
  fresh: FreshToken,
  target: Target,
  options: AccessTokenOptions = {},
): Promise<AccessToken> {
  const wishedMs = minTtlOf(options);
  const row = await readTarget(engine, target);
  checkScopes(engine, row, options.scopes ?? []);
  if (row.generation === options.refusedGeneration) return replaceRefused(engine, fresh, row);
  // A token that came a moment ago is the freshest there is, even if the provider's tokens never live as long as is wished.
  const minTtlMs = isNew(engine, row) ? 0 : wishedMs;
  if (livesFor(engine, row.expires_at, minTtlMs) && row.access_token !== null)
    return toAccessToken(engine, row, standing(row));
  if (row.status === "disconnected")
    throw failure(engine, row, "disconnected", "the user disconnected this account", null);
  const freshened = await fresh.replace({
    connectionId: row.id,
    generation: row.generation,
    trigger: "on_demand",
    force: false,
  });
  return serve(engine, freshened);
}

/** What came a moment ago is served again: where the API refuses that, it does so for another reason, and each call would cause a refresh. */
async function replaceRefused(engine: Engine, fresh: FreshToken, row: TokenRow): Promise<AccessToken> {
  if (row.access_token !== null && (isNew(engine, row) || row.auth_type !== "oauth2")) {
    return toAccessToken(engine, row, standing(row));
  }
  const { id: connectionId, generation } = row;
  return serve(engine, await fresh.replace({ connectionId, generation, trigger: "on_demand", force: false }));
}

/** A connection that does not say what was granted, such as an imported one, is not judged. */
function checkScopes({ config, providers }: Engine, row: TokenRow, wanted: readonly string[]): void {
  const provider = providers.get(row.provider)?.provider ?? { scopeForms: [] };
  const missing = row.scopes.length === 0 ? [] : missingScopes(provider, wanted, row.scopes);
  if (missing.length === 0) return;
  const text = `not granted: ${missing.join(", ")}; the user has to reconnect this account and allow it`;
  throw new EvertokenError("insufficient_scope", text, { consentHelps: true, reconnectUrl: reconnectUrl(config, row) });
}

function minTtlOf({ minTtlSeconds = defaultMinTtlSeconds, refusedGeneration = 1 }: AccessTokenOptions): number {
  if (!Number.isInteger(refusedGeneration)) {
    throw new EvertokenError("invalid_input", "refusedGeneration: needs the generation of a token");
  }
  if (minTtlSeconds >= 0) return minTtlSeconds * 1000;
  throw new EvertokenError("invalid_input", "minTtlSeconds: needs a number that is not negative");
}

/** Whether a refresh brought this token less than `cooldownMs` ago: another one would bring nothing better. */
export function isNew({ clock, config }: Engine, { last_refresh_at }: TokenRow): boolean {
  return last_refresh_at !== null && clock.now().getTime() - last_refresh_at.getTime() < config.lease.cooldownMs;
}

export async function readTarget({ pool, clock }: Engine, target: Target): Promise<TokenRow> {
  await clock.known();
  if (typeof target === "string") {
    const row = isUuid(target) ? await withStore(() => tokenById(pool, target)) : null;
    if (row === null) throw notFound(target);
    return row;
  }
  if (![target?.userId, target?.provider].every((text) => isStorable(text) && text !== "")) {
    throw new EvertokenError("invalid_input", "a connection is meant by its id, or by { userId, provider }");
  }
  const row = await withStore(() => tokenByUser(pool, target.userId, target.provider));
  if (row === null) throw notFound(`of this user at ${target.provider}`);
  return row;
}

/** The fresh token, or the old one with a warning while it lives, or the reason why there is none. */
export function serve(engine: Engine, { row, accessToken, expiresAt, problem }: Freshened): AccessToken {
  if (accessToken !== null && row.status !== "disconnected") {
    return { ...toAccessToken(engine, row, null), accessToken, expiresAt, refreshAt: engine.clock.now() };
  }
  // The generation moves when a user disconnects, too: then there is no newer token but none at all.
  if (problem === null && row.status === "disconnected") {
    throw failure(engine, row, "disconnected", "the user disconnected this account", null);
  }
  if (problem === null && row.access_token !== null) return toAccessToken(engine, row, null);
  if (problem === null) throw failure(engine, row, "provider_unavailable", "there is no access token yet", null);
  if (row.access_token !== null && livesFor(engine, row.expires_at, 0)) {
    return toAccessToken(engine, row, { code: problem.code, message: problem.message });
  }
  throw failure(engine, row, problem.code, problem.message, problem.retryAt);
}

/** A living token of a dead grant is served to its end, but not in silence. */
function standing(row: TokenRow): AccessToken["warning"] {
  return row.status === "needs_reauth"
    ? { code: reauthCode(row), message: "the user has to reconnect this account" }
    : null;
}

function livesFor({ clock }: Engine, expiresAt: Date | null, ms: number): boolean {
  return expiresAt === null || expiresAt.getTime() - clock.now().getTime() > ms;
}

function toAccessToken(engine: Engine, row: TokenRow, warning: AccessToken["warning"]): AccessToken {
  return {
    accessToken: open(engine, row, row.access_token as Sealed),
    tokenType: row.token_type ?? "Bearer",
    expiresAt: row.expires_at,
    refreshAt: row.failing_since ?? row.next_refresh_at ?? row.expires_at,
    scopes: row.scopes,
    connectionId: row.id,
    generation: row.generation,
    warning,
  };
}

function open({ keyring }: Engine, row: TokenRow, sealed: Sealed): string {
  try {
    return keyring.open(sealed, row, "access_token");
  } catch (cause) {
    throw new EvertokenError("unreadable_token", `the stored token of ${row.id} does not open: check ENCRYPTION_KEY`, {
      cause,
    });
  }
}

function failure(
  engine: Engine,
  row: TokenRow,
  code: EvertokenError["code"],
  message: string,
  retryAt: Date | null,
): EvertokenError {
  const consentHelps = row.status === "needs_reauth" || row.status === "disconnected";
  return new EvertokenError(consentHelps && code !== "disconnected" ? reauthCode(row) : code, message, {
    retryAt,
    consentHelps,
    reconnectUrl: consentHelps ? reconnectUrl(engine.config, row) : null,
  });
}
