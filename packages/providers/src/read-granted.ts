import type { GrantedTokens } from "@evertoken/core";
import type { Provider } from "./provider.ts";
import { at } from "./read-body.ts";
import { readLifetime, readRefreshLifetime } from "./read-lifetime.ts";

/**
 * The tokens of a 2xx answer, or null when it carries no access token. Lenient on purpose: a token that the provider gave us
 * counts, whatever is odd about the rest (RFC 6749 section 5.1 says what it should look like).
 */
export function readGranted(
  fields: Readonly<Record<string, unknown>>,
  provider: Pick<Provider, "answer" | "policy">,
  now: Date,
): GrantedTokens | null {
  const holder = [fields, ...provider.answer.nestedIn.map((path) => at(fields, path))].find(
    (candidate): candidate is Record<string, unknown> => accessTokenOf(candidate) !== null,
  );
  const accessToken = accessTokenOf(holder);
  if (holder === undefined || accessToken === null) return null;
  const refreshToken = text(holder.refresh_token) ?? text(holder.refreshToken);
  const { seconds, note } = readLifetime(holder, provider, now);
  const refreshLifetime = readRefreshLifetime(holder, provider, now);
  const servable = isServable(accessToken);
  const endless = seconds === "unstated" && note === null && refreshToken === null && provider.answer.endless;
  return {
    accessToken: servable ? accessToken : accessToken.replaceAll(control, ""),
    refreshToken,
    tokenType: text(holder.token_type) ?? text(holder.tokenType),
    expiresIn: servable ? (endless ? "never" : seconds) : 0,
    refreshTokenExpiresIn: refreshLifetime.seconds,
    notes: [...(servable ? [] : [unservable]), ...[note, refreshLifetime.note].filter((each) => each !== null)],
    scopes: readScopes(at(holder, provider.answer.scopes)),
    metadata: { ...keptOf(fields, provider.answer.keep), ...partsOf(accessToken, provider.answer.inToken) },
  };
}

// Whatever is no control character, turned round: several times faster than \p{Cc}.
const control = /[^ -~\u00a0-\uffff]/g;
const unservable = "the access token has control characters, which no header carries: it counts as ended";

/** RFC 6749 appendix A.12 has printable characters in it; a line break in a header is another header. */
export function isServable(accessToken: string): boolean {
  return accessToken.search(control) === -1;
}

function keptOf(fields: Readonly<Record<string, unknown>>, paths: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    paths.flatMap((path) => {
      const value = at(fields, path);
      const kept = typeof value === "number" ? String(value) : text(value);
      return kept === null ? [] : [[path, kept]];
    }),
  );
}

function partsOf(accessToken: string, pattern: string | undefined): Readonly<Record<string, string>> {
  return pattern === undefined ? {} : { ...new RegExp(pattern).exec(accessToken)?.groups };
}

function accessTokenOf(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return null;
  return text(at(value, "access_token")) ?? text(at(value, "accessToken"));
}

// A string with spaces or commas, or an array (Twitch). Empty tells nothing (GitHub Apps always say "").
function readScopes(value: unknown): string[] | null {
  const parts = Array.isArray(value) ? value : typeof value === "string" ? value.split(/[\s,]+/) : [];
  const scopes = parts.filter((part): part is string => typeof part === "string" && part !== "");
  return scopes.length > 0 ? scopes : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}
