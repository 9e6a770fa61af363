import { fillTemplate } from "./fill-template.ts";
import { type Registration, withQuery } from "./http-request.ts";
import type { Provider } from "./provider.ts";

/**
 * Where to send the user for consent (RFC 6749 section 4.1.1, RFC 7636 section 4.3), with what the provider needs to let access
 * survive the user's absence. `scopes` left out: those of the provider's file. Throws EndpointFault.
 */
export function authorizeUrl(
  provider: Provider,
  input: {
    readonly registration: Pick<Registration, "clientId">;
    readonly redirectUri: string;
    readonly state: string;
    readonly scopes?: readonly string[] | undefined;
    /** S256 of the verifier; sent unless the provider has no PKCE. */
    readonly codeChallenge?: string | null;
    readonly metadata?: Readonly<Record<string, string>>;
  },
): string {
  if (provider.authorizeUrl === null) throw new TypeError(`${provider.id}: nothing to authorize`);
  const scopes = input.scopes ?? provider.scopes.map(({ scope }) => scope);
  const challenge = provider.pkce === "no" ? null : (input.codeChallenge ?? null);
  return withQuery(fillTemplate(provider, provider.authorizeUrl, input.metadata ?? {}), {
    response_type: "code",
    [provider.clientIdParameter]: input.registration.clientId,
    redirect_uri: input.redirectUri,
    ...(scopes.length === 0 ? {} : { [provider.scopeParameter]: scopes.join(provider.scopeSeparator) }),
    state: input.state,
    ...(challenge === null ? {} : { code_challenge: challenge, code_challenge_method: "S256" }),
    ...provider.authorizeParameters,
  });
}
