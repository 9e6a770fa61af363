import { formatDuration } from "@evertoken/adapters";
import {
  describeProvider,
  maskedRefreshRequest,
  maskSentValues,
  type Provider,
  type ProviderDescription,
} from "@evertoken/providers";
import type { Io } from "../io.ts";
import { facts } from "../table.ts";
import { knownProvider } from "./providers-known.ts";

/** What a provider's file says, and the request that a refresh would send, with the secrets masked. */
export async function showProvider(io: Io, id: string): Promise<undefined> {
  const { provider, origin } = await knownProvider(io, id);
  const description = describeProvider(provider);
  const request = requestOf(origin === "catalogue" ? provider : maskSentValues(provider));
  io.result({ ...description, refreshRequest: request }, () => [
    ...factsOf(description),
    ...lines("unconfirmed", description.unconfirmed),
    ...lines("nobody has published", description.undocumented),
    "",
    ...requestLines(request),
  ]);
}

type MaskedRequest = ReturnType<typeof maskedRefreshRequest>;

/** A provider whose endpoints are discovered at start has none yet. */
function requestOf(provider: Provider): MaskedRequest {
  const asked = provider.refresh.url ?? provider.tokenUrl;
  return asked === null ? null : maskedRefreshRequest(provider);
}

function factsOf(shown: ProviderDescription): string[] {
  const duration = (seconds: number | null) => (seconds === null ? null : formatDuration(seconds * 1000));
  return facts({
    id: shown.id,
    name: shown.name,
    documentation: shown.docs,
    issuer: shown.issuer,
    "consent at": shown.authorizeUrl,
    "refresh at": shown.refreshUrl,
    "revoke at": shown.revokeUrl,
    "identity at": shown.identityUrl,
    "from metadata": shown.placeholders.map(({ name, pattern }) => `${name} (${pattern})`).join(", "),
    "client proves itself by": `${shown.clientAuth}, ${shown.encoding}`,
    scopes: shown.scopes.map(({ scope, why }) => `${scope} (${why})`).join(", "),
    "offline access": shown.offlineAccess,
    PKCE: shown.pkce,
    "token lives": duration(shown.lifetimeSeconds) ?? "no end stated",
    margin: duration(shown.marginSeconds) ?? "the operator's",
    "refresh token": shown.rotation,
    "refresh token ends": shown.refreshTokenEnd,
    "limit is of": shown.throttleScope === "provider" ? "the app" : "the account",
  });
}

function lines(title: string, entries: readonly string[]): string[] {
  return entries.length === 0 ? [] : ["", `${title}:`, ...entries.map((entry) => `  - ${entry}`)];
}

function requestLines(request: MaskedRequest): string[] {
  if (request === null) return ["nothing is sent: its tokens are not refreshed, or its endpoints are not known yet"];
  return [
    `${request.method} ${request.url}`,
    ...Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`),
    ...(request.body === null ? [] : ["", request.body]),
  ];
}
