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
  if (provider.identity === null || provider.identity.url === null) return null;
  const url = fillTemplate(provider, provider.identity.url, input.metadata ?? {}).replaceAll(
    "{token}",
    encodeURIComponent(input.accessToken),
  );
  const { body } = provider.identity;
  const headers = Object.entries(provider.identity.headers).map(([name, value]) => [
    name,
    value.replaceAll("{client_id}", input.clientId ?? "").replaceAll("{token}", input.accessToken),
  ]);
  return {
    method: body === undefined ? "GET" : "POST",
    url,
    headers: {
      accept: "application/json",
      ...provider.headers,
      authorization: `Bearer ${input.accessToken}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...Object.fromEntries(headers),
    },
    body: body === undefined ? null : JSON.stringify(body),
  };
}

/** `answer` null: nobody was asked, because the metadata is enough. @returns null when it is not said whose token it is */
export function readIdentity(
  provider: Provider,
  answer: RawAnswer | null,
  metadata: Readonly<Record<string, string>> = {},
): Identity | null {
  if (provider.identity === null || (answer === null && provider.identity.url !== null)) return null;
  if (answer?.kind === "failure" || (answer !== null && (answer.status < 200 || answer.status >= 300))) return null;
  const fields = answer === null ? null : readBody(answer.body).fields;
  const read = (path: string) => (path.startsWith("{") ? metadata[path.slice(1, -1)] : at(fields, path));
  const ids = [provider.identity.id].flat().map(read);
  const name = provider.identity.name === undefined ? null : read(provider.identity.name);
  if (!ids.every((id) => typeof id === "number" || (typeof id === "string" && id !== ""))) return null;
  return { externalAccountId: ids.join(":"), displayName: typeof name === "string" && name !== "" ? name : null };
}
