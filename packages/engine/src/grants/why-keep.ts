import type { KnownRow } from "@evertoken/adapters";
import type { KeepReason } from "@evertoken/client";
import type { RefreshPolicy, TokenColumn } from "@evertoken/core";

export interface BroughtTokens {
  readonly registration: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  /** As whoever brought it states it; null: unknown, never, or counted from now, which says nothing about its age. */
  readonly statedExpiresAt: Date | null;
}

/**
 * Whether a known account keeps what is stored of it. Every refresh makes the stored set newer than the file that it came from, and spends
 * what stands in there. So a set is only taken when nothing can be lost by it: nothing here is refreshed, the stored set does not open, the
 * user has to reconnect anyway, or the given set is another one that ends later, hence was issued later.
 *
 * @param open a stored token in plain; null: there is none, or it does not open
 */
export function whyKeep(
  known: KnownRow,
  brought: BroughtTokens,
  spends: RefreshPolicy["spends"],
  open: (column: TokenColumn) => string | null,
): KeepReason | null {
  if (known.status === "disconnected" || known.auth_type !== "oauth2" || spends === "nothing") return null;
  const spent = open(spends);
  if (spent === null) return null;
  const { accessToken, refreshToken, statedExpiresAt } = brought;
  if (spent === { access_token: accessToken, refresh_token: refreshToken }[spends]) {
    // What is being spent at this moment is about to be replaced by what it brings.
    return saysMore(known, brought) && !known.refreshing ? null : "same_tokens";
  }
  if (known.status === "needs_reauth") return null;
  const endsLater = statedExpiresAt !== null && known.expires_at !== null && statedExpiresAt > known.expires_at;
  return endsLater ? null : "not_newer";
}

/** The same tokens, with a registration or facts that make another request of them. */
function saysMore(known: KnownRow, { registration, metadata }: BroughtTokens): boolean {
  return (
    registration !== known.registration ||
    Object.entries(metadata).some(([name, text]) => known.metadata[name] !== text)
  );
}
