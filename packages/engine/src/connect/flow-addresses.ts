import type { Config } from "@evertoken/adapters";
import type { ConfiguredProvider } from "@evertoken/providers";
import { EvertokenError } from "../evertoken-error.ts";
import { allowedUrl } from "./return-url.ts";

type Settings = Config["connect"];

/** The path of our callback for one provider, and what comes before its id. */
const callbackPath = "/connect/callback";
const startPath = "/connect/go";

/** Redirect URIs from before each provider had its own: that of the connect page, and that of the API. */
const sharedPaths = [callbackPath, "/v1/connect/callback"];

/** Our one-time address that sends a browser out. */
export const startUrl = ({ publicUrl }: Settings, token: string) => `${publicUrl}${startPath}/${token}`;

/** Whether the answer comes to us, in the browser that was sent out: however the address is spelled, it is where our router takes it. */
export function isOurCallback({ publicUrl }: Settings, redirectUri: string): boolean {
  if (publicUrl === null) return false;
  const [place, ...shared] = [redirectUri, ...sharedPaths.map((path) => `${publicUrl}${path}`)].map(placeOf);
  return place?.startsWith(`${publicUrl}${callbackPath}/`) === true || shared.includes(place ?? "");
}

/** Without the query, and with what nobody has to encode (RFC 3986 section 6.2.2.2) as it is. */
function placeOf(address: string): string {
  const { origin, pathname } = new URL(address);
  return origin + pathname.replace(/%[2-7][0-9a-f]/gi, decodeURIComponent);
}

/**
 * The return URL and the redirect URI of a flow. Both must lead to us or to an allowed app: a code that goes elsewhere is a grant given
 * away.
 *
 * @throws {EvertokenError} `invalid_input`
 */
export function flowAddresses(
  settings: Settings,
  configured: ConfiguredProvider,
  asked: { readonly returnUrl: string; readonly redirectUri?: string | undefined },
): { returnUrl: string; redirectUri: string } {
  const { publicUrl, returnUrls } = settings;
  const allowed = publicUrl === null ? returnUrls : [...returnUrls, `${publicUrl}/connect`];
  const callbacks = publicUrl === null ? returnUrls : [...returnUrls, publicUrl];
  const redirectUri = asked.redirectUri ?? ownCallback(settings, configured);
  const returnUrl = allowedUrl(asked.returnUrl, allowed);
  const canonical = allowedUrl(redirectUri, callbacks);
  const faults = [
    ...(returnUrl === null ? ["returnUrl: not on the allow list (RETURN_URL_ALLOWLIST)"] : []),
    ...(canonical === null || redirectUri.includes("#")
      ? ["redirectUri: neither below PUBLIC_URL nor on the allow list (RETURN_URL_ALLOWLIST), or with a fragment"]
      : mixable(configured, canonical)),
  ];
  if (returnUrl === null || faults.length > 0) throw new EvertokenError("invalid_input", faults.join("; "));
  // The provider compares it letter by letter with what was registered.
  return { returnUrl, redirectUri };
}

function ownCallback(
  { publicUrl, sharedCallback }: Settings,
  { provider: { id }, origin }: ConfiguredProvider,
): string {
  if (publicUrl === null) {
    throw new EvertokenError("invalid_input", "redirectUri: is needed, since PUBLIC_URL is not set");
  }
  return `${publicUrl}${callbackPath}${sharedCallback && origin !== "stored" ? "" : `/${id}`}`;
}

/**
 * A provider that somebody has added through the API may send its users on to another one, with that one's client id: the code must not
 * come back to an address that both use (RFC 9700 section 4.4.2.2).
 */
function mixable({ provider: { id }, origin }: ConfiguredProvider, redirectUri: string): string[] {
  if (origin !== "stored" || new URL(redirectUri).pathname.endsWith(`/${id}`)) return [];
  return [`redirectUri: has to be of ${id} alone, and to end in /${id}, since ${id} was added through the API`];
}
