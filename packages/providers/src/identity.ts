import type { RawAnswer } from "@evertoken/core";
import { fillTemplate } from "./fill-template.ts";
import type { HttpRequest } from "./http-request.ts";
import type { Provider } from "./provider.ts";
import { at, readBody } from "./read-body.ts";

export interface Identity {
  readonly externalAccountId: string;
  readonly displayName: string | null;
}

/** The request that asks whose token this is; null where a provider does not tell. */
export function identityRequest(
  provider: Provider,
  input: {
    readonly accessToken: string;
    readonly clientId?: string;
    readonly metadata?: Readonly<Record<string, string>>;
  },
): HttpRequest | null {
  if (provider.identity === null) return null;
  const url = fillTemplate(provider, provider.identity.url, input.metadata ?? {}).replaceAll(
    "{token}",
    encodeURIComponent(input.accessToken),
  );
  const headers = Object.entries(provider.identity.headers).map(([name, value]) => [
    name,
    value.replaceAll("{client_id}", input.clientId ?? "").replaceAll("{token}", input.accessToken),
  ]);
  return {
    method: "GET",
    url,
    headers: {
      accept: "application/json",
      ...provider.headers,
      authorization: `Bearer ${input.accessToken}`,
      ...Object.fromEntries(headers),
    },
    body: null,
  };
}

/** null: the answer does not say. */
export function readIdentity(provider: Provider, answer: RawAnswer): Identity | null {
  if (provider.identity === null || answer.kind === "failure" || answer.status < 200 || answer.status >= 300)
    return null;
  const { fields } = readBody(answer.body);
  const ids = [provider.identity.id].flat().map((path) => at(fields, path));
  const name = provider.identity.name === undefined ? null : at(fields, provider.identity.name);
  if (!ids.every((id) => typeof id === "number" || (typeof id === "string" && id !== ""))) return null;
  return { externalAccountId: ids.join(":"), displayName: typeof name === "string" && name !== "" ? name : null };
}
