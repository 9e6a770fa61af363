import type { NamedGrant } from "../source.ts";

/** Google's products by their scopes: https://developers.google.com/identity/protocols/oauth2/scopes */
const products: readonly (readonly [pattern: RegExp, provider: string])[] = [
  [/^https:\/\/mail\.google\.com\/|\/auth\/gmail\./, "gmail"],
  [/\/auth\/(drive|documents|spreadsheets|presentations)(\.|$)/, "google-drive"],
  [/\/auth\/calendar(\.|$)/, "google-calendar"],
  [/\/auth\/adwords$/, "google-ads"],
  [/\/auth\/business\.manage$/, "google-business-profile"],
  [/\/auth\/youtube/, "youtube"],
];

/** "google" is one server and several providers here. Told by what was granted, if that is of one product alone; otherwise null. */
export function googleProduct({ scopes }: NamedGrant): string | null {
  const found = products.filter(([pattern]) => scopes.some((scope) => pattern.test(scope)));
  return found.length === 1 ? (found[0]?.[1] ?? null) : null;
}
