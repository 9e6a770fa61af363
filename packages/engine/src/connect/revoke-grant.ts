import { describeError, livesByTheSame, type Revocation } from "@evertoken/adapters";
import type { Sealed, TokenColumn, TokenOwner } from "@evertoken/core";
import { clientOf, revokeRequest } from "@evertoken/providers";
import type { Engine } from "../engine.ts";
import { unnamedAccount } from "./account-identity.ts";

const revokeWithinMs = 10_000;

/**
 * Asks the provider to end a grant (RFC 7009 or its own way). `later`: it did not answer, or not sensibly, and may do so when it is asked
 * again; `no`: it refuses, or there is nothing to ask it with. Never throws.
 */
export async function revokeGrant(engine: Engine, grant: Omit<Revocation, "id">): Promise<"yes" | "no" | "later"> {
  const { connection_id: id, metadata, scopes } = grant;
  const owner = { ...grant, id };
  const failed = (said: object) => {
    engine.logger.warn({ connection: id, ...said }, `[${grant.provider}] not revoked at the provider`);
  };
  try {
    // The grant may be that of another installation, which lives by it.
    if ((await engine.installation.standing()) !== null) return "later";
    const provider = (await engine.providers.find(grant.provider))?.provider;
    const registration = await engine.registrations.find(grant.provider, grant.registration);
    if (provider === undefined || registration === null) return "no";
    if (
      grant.external_account_id != null &&
      (await livesByTheSame(engine.pool, grant, clientOf(registration), unnamedAccount))
    ) {
      failed({ reason: "a connection of the same account lives" });
      return "no";
    }
    const tokens = {
      accessToken: opened(engine, owner, "access_token", grant.access_token),
      refreshToken: opened(engine, owner, "refresh_token", grant.refresh_token),
    };
    const request = revokeRequest(provider, { registration, connection: { metadata, scopes }, tokens });
    if (request === null) return "no";
    const answer = await engine.exchange(request, { signal: AbortSignal.timeout(revokeWithinMs) });
    if (answer.kind === "response" && answer.status >= 200 && answer.status < 300) return "yes";
    failed({ reason: answer.kind === "failure" ? answer.code : `HTTP ${answer.status}` });
    return answer.kind === "failure" || answer.status >= 500 || answer.status === 429 ? "later" : "no";
  } catch (error) {
    failed({ err: describeError(error) });
    return "later";
  }
}

/** The other one may still do: some providers take either. */
function opened({ keyring }: Engine, owner: TokenOwner, column: TokenColumn, sealed: Sealed | null): string | null {
  if (sealed === null) return null;
  try {
    return keyring.open(sealed, owner, column);
  } catch {
    return null;
  }
}
