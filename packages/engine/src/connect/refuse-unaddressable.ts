import { metadataFaults, type Provider } from "@evertoken/providers";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";

interface Brought {
  readonly userId: string;
  readonly externalAccountId: string;
  readonly authType?: string | undefined;
  readonly refreshToken?: string | null | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * A token set that is to be refreshed needs all that its provider's endpoints are made of: said now, by field, and not found out when
 * its access token ends. An account that is known keeps what is stored of it. @throws {EvertokenError} `invalid_input`
 */
export async function refuseUnaddressable(engine: Engine, provider: Provider, brought: Brought): Promise<void> {
  const { userId, externalAccountId, metadata } = brought;
  const { spends } = provider.policy;
  const refreshed = spends === "access_token" || (spends === "refresh_token" && Boolean(brought.refreshToken));
  if (!refreshed || (brought.authType ?? provider.authType) !== "oauth2") return;
  if (metadataFaults(provider, metadata, "connected").length === 0) return;
  const account = { userId_provider_externalAccountId: { userId, provider: provider.id, externalAccountId } };
  const known = await withStore(() => engine.prisma.connection.findUnique({ where: account }));
  const merged = { ...(known?.metadata as Record<string, string> | undefined), ...metadata };
  const faults = metadataFaults(provider, merged, "connected");
  if (faults.length > 0)
    throw new EvertokenError("invalid_input", `the connection cannot be imported: ${faults.join("; ")}`);
}
