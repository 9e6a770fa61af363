import type { RawAnswer } from "@evertoken/core";
import { fillTemplate } from "./fill-template.ts";
import type { HttpRequest } from "./http-request.ts";
import type { Provider } from "./provider.ts";
import { at, readBody } from "./read-body.ts";
import { isServable } from "./read-granted.ts";

/** A child connection's token, such as a Page's. */
export interface DerivedToken {
  readonly externalAccountId: string;
  readonly displayName: string | null;
  readonly accessToken: string;
}

/** `page` of several; `next` goes to `derivedRequest`, null after the last. */
export type DerivedAnswer =
  | { readonly kind: "page"; readonly tokens: readonly DerivedToken[]; readonly next: string | null }
  | { readonly kind: "failed"; readonly httpStatus: number | null };

/** The request for one page of child tokens; null where a provider has none. `next`: from the page before. */
export function derivedRequest(
  provider: Provider,
  input: {
    readonly accessToken: string;
    readonly metadata?: Readonly<Record<string, string>>;
    readonly next?: string | null;
  },
): HttpRequest | null {
  if (provider.derived === null) return null;
  return {
    method: "GET",
    url: input.next ?? fillTemplate(provider, provider.derived.url, input.metadata ?? {}),
    headers: { accept: "application/json", ...provider.headers, authorization: `Bearer ${input.accessToken}` },
    body: null,
  };
}

export function readDerived(provider: Provider, answer: RawAnswer): DerivedAnswer {
  const { derived } = provider;
  if (answer.kind === "failure") return { kind: "failed", httpStatus: answer.status };
  const { fields } = readBody(answer.body);
  const list = derived === null ? undefined : at(fields, derived.list);
  if (derived === null || answer.status < 200 || answer.status >= 300 || !Array.isArray(list)) {
    return { kind: "failed", httpStatus: answer.status };
  }
  const tokens = list.flatMap((entry: unknown): DerivedToken[] => {
    const id = at(entry, derived.id);
    const name = at(entry, derived.name);
    const accessToken = at(entry, derived.accessToken);
    // A Page on which the user has no task that may act comes without a token; one that no header can carry is none.
    if (typeof accessToken !== "string" || accessToken === "" || !isServable(accessToken)) return [];
    if (typeof id !== "string" && typeof id !== "number") return [];
    return [{ externalAccountId: String(id), displayName: typeof name === "string" ? name : null, accessToken }];
  });
  return { kind: "page", tokens, next: nextPage(derived.url, at(fields, derived.next)) };
}

/** A page link is followed only where we already sent the token, and without the token that some providers put into it. */
function nextPage(first: string, next: unknown): string | null {
  if (typeof next !== "string" || !URL.canParse(next)) return null;
  const url = new URL(next);
  if (url.origin !== new URL(first.replaceAll(/\{[a-z_]+\}/g, "x")).origin) return null;
  url.searchParams.delete("access_token");
  return url.href;
}
