import { at, endpointsOf, originOf } from "@evertoken/providers";
import type { ResolvedProvider } from "./resolve-provider.ts";

/**
 * The addresses of a new definition that would be sent what was given to other servers: the client secret, tokens, a user who is asked for
 * consent. Such an address leads to an origin that is neither the one that it led to, nor one that gets the client secret anyway, nor
 * said by the same issuer.
 *
 * @param stored as it stands in the database: also one that this version does not understand has connections
 * @returns their paths in the definition
 */
export function movedAddresses(stored: unknown, { provider, stated }: ResolvedProvider): string[] {
  const origins = new Map(endpointsOf(stored).map(([path, url]) => [path, originOf(stored, url)]));
  const refreshed = origins.get("refresh.url") ?? origins.get("tokenUrl");
  const trusted = [refreshed, origins.get("tokenUrl")];
  const refreshPath = provider.refresh.url === undefined ? "tokenUrl" : "refresh.url";
  const issuer = at(stored, "issuer") ?? null;
  const issuerStays = provider.issuer === null || provider.issuer === issuer;
  const isSaid = (path: string) => provider.issuer !== null && issuerStays && at(stated, path) === undefined;
  const moved = endpointsOf(provider).filter(([path, url]) => {
    if (isSaid(path)) return false;
    const origin = originOf(provider, url);
    // Refresh tokens are worth something at the server that gave them, whomever else it may trust.
    return path === refreshPath ? origin !== refreshed : origin !== origins.get(path) && !trusted.includes(origin);
  });
  // Whoever says where the endpoints are could say something else next time.
  return [...(issuerStays ? [] : ["issuer"]), ...moved.map(([path]) => path)];
}

/** What would end the grants of the old definition with their access tokens, in the words of a definition. */
export function changesOfKind(stored: unknown, { provider: { authType, policy } }: ResolvedProvider): string[] {
  return [
    ...((at(stored, "authType") ?? "oauth2") === authType ? [] : ["authType"]),
    ...((at(stored, "policy.spends") ?? "refresh_token") === policy.spends ? [] : ["policy.spends"]),
  ];
}
