import { at } from "@evertoken/providers";
import type { ResolvedProvider } from "./resolve-provider.ts";

/**
 * What a new definition says that would make the grants of the old one worth nothing, in the words of a definition: refresh tokens
 * presented to another server are given away and denied, and what is never spent ends with its access token.
 *
 * @param stored as it stands in the database: also one that this version does not understand has connections
 */
export function changesOfServer(stored: unknown, { provider: next, discovered }: ResolvedProvider): string[] {
  const old = readOld(stored);
  const nextUrl = next.refresh.url ?? next.tokenUrl;
  const sameServer =
    (old.url !== null && hostOf(old.url) === hostOf(nextUrl ?? "")) ||
    (discovered && old.issuer !== null && old.issuer === next.issuer);
  return [
    ...(old.authType === next.authType ? [] : ["authType"]),
    ...(old.spends === next.policy.spends ? [] : ["policy.spends"]),
    ...(sameServer || (old.url === null && nextUrl === null) ? [] : ["the server (issuer, or host of tokenUrl)"]),
  ];
}

function readOld(stored: unknown) {
  const text = (path: string): string | null => {
    const value = at(stored, path);
    return typeof value === "string" ? value : null;
  };
  return {
    authType: text("authType") ?? "oauth2",
    spends: text("policy.spends") ?? "refresh_token",
    issuer: text("issuer"),
    url: text("refresh.url") ?? text("tokenUrl"),
  };
}

const hostOf = (url: string): string => url.replace(/^(https?:\/\/[^/?#]*).*$/, "$1");
