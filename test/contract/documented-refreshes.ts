/** One refresh request as a provider documents it. Written from its page, not from our file: the two have to agree. */
export interface DocumentedRefresh {
  readonly method: "GET" | "POST";
  /** With the placeholders' examples filled in, without a query. */
  readonly url: string;
  /** In the Authorization header; `none`: the client is named, if at all, among the parameters. */
  readonly authorization: "basic" | "bearer" | "none";
  readonly encoding: "form" | "json" | "query";
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is sent in tests. */
export const clientId = "client-id-0001";
export const clientSecret = "client-secret-0001";

const grant = (token: string) => ({ grant_type: "refresh_token", refresh_token: token });
const client = { client_id: clientId, client_secret: clientSecret };

type Documented = (token: string) => DocumentedRefresh;

/** RFC 6749 section 6 with the credentials as parameters. */
const post =
  (url: string, more: Record<string, string> = {}): Documented =>
  (token) => ({
    ...{ method: "POST", url, authorization: "none", encoding: "form" },
    parameters: { ...grant(token), ...client, ...more },
  });

const json =
  (url: string): Documented =>
  (token) => ({ ...post(url)(token), encoding: "json" });

/** RFC 6749 section 6 with HTTP Basic. */
const basic =
  (url: string, more: Partial<DocumentedRefresh> = {}): Documented =>
  (token) => ({
    ...{ method: "POST", url, authorization: "basic", encoding: "form" },
    parameters: grant(token),
    ...more,
  });

const google = post("https://oauth2.googleapis.com/token");

export const documentedRefreshes: Readonly<Record<string, Documented>> = {
  airtable: basic("https://airtable.com/oauth2/v1/token"),
  amazon: post("https://api.amazon.co.uk/auth/o2/token"),
  asana: post("https://app.asana.com/-/oauth_token"),
  atlassian: json("https://auth.atlassian.com/oauth/token"),
  auth0: post("https://acme.eu.auth0.com/oauth/token"),
  basecamp: post("https://launchpad.37signals.com/authorization/token"),
  bitbucket: basic("https://bitbucket.org/site/oauth2/access_token"),
  box: post("https://api.box.com/oauth2/token"),
  calendly: basic("https://auth.calendly.com/oauth/token"),
  "constant-contact": basic("https://authz.constantcontact.com/oauth2/default/v1/token"),
  discord: basic("https://discord.com/api/oauth2/token"),
  docusign: basic("https://account-d.docusign.com/oauth/token"),
  dropbox: post("https://api.dropboxapi.com/oauth2/token"),
  ebay: basic("https://api.ebay.com/identity/v1/oauth2/token"),
  etsy: (token) => ({
    ...post("https://api.etsy.com/v3/public/oauth/token")(token),
    parameters: { ...grant(token), client_id: clientId },
  }),
  "exact-online": basic("https://start.exactonline.de/api/oauth2/token"),
  figma: (token) => ({
    ...basic("https://api.figma.com/v1/oauth/refresh")(token),
    parameters: { refresh_token: token },
  }),
  fitbit: basic("https://api.fitbit.com/oauth2/token"),
  freshbooks: post("https://api.freshbooks.com/auth/oauth/token"),
  "github-app": post("https://github.com/login/oauth/access_token"),
  gitlab: post("https://gitlab.com/oauth/token"),
  gmail: google,
  "google-ads": google,
  "google-business-profile": google,
  "google-calendar": google,
  "google-drive": google,
  gusto: json("https://api.gusto.com/oauth/token"),
  harvest: post("https://id.getharvest.com/api/v2/oauth2/token"),
  hubspot: post("https://api.hubapi.com/oauth/2026-03/token"),
  instagram: (token) => ({
    ...{ method: "GET", url: "https://graph.instagram.com/refresh_access_token", authorization: "none" },
    encoding: "query",
    parameters: { grant_type: "ig_refresh_token", access_token: token },
  }),
  klaviyo: basic("https://a.klaviyo.com/oauth/token"),
  linear: post("https://api.linear.app/oauth/token"),
  linkedin: post("https://www.linkedin.com/oauth/v2/accessToken"),
  meta: (token) => ({
    ...{ method: "GET", url: "https://graph.facebook.com/v25.0/oauth/access_token", authorization: "none" },
    encoding: "query",
    parameters: { grant_type: "fb_exchange_token", fb_exchange_token: token, ...client },
  }),
  microsoft: post("https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token"),
  miro: post("https://api.miro.com/v1/oauth/token"),
  monday: json("https://auth.monday.com/oauth_ms/oauth/token"),
  notion: basic("https://api.notion.com/v1/oauth/token", {
    encoding: "json",
    headers: { "notion-version": "2022-06-28" },
  }),
  okta: basic("https://acme.okta.com/oauth2/v1/token"),
  patreon: post("https://www.patreon.com/api/oauth2/token"),
  pinterest: basic("https://api.pinterest.com/v5/oauth/token"),
  pipedrive: basic("https://oauth.pipedrive.com/oauth/token"),
  quickbooks: basic("https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer", {
    headers: { "x-include-refresh-token-hard-expires-in": "true" },
  }),
  reddit: basic("https://www.reddit.com/api/v1/access_token"),
  salesforce: post("https://acme.my.salesforce.com/services/oauth2/token"),
  shopify: post("https://blue-shoes.myshopify.com/admin/oauth/access_token"),
  slack: post("https://slack.com/api/oauth.v2.access"),
  smartsheet: post("https://api.smartsheet.com/2.0/token"),
  snapchat: post("https://accounts.snapchat.com/login/oauth2/access_token"),
  spotify: basic("https://accounts.spotify.com/api/token"),
  square: json("https://connect.squareup.com/oauth2/token"),
  strava: post("https://www.strava.com/api/v3/oauth/token"),
  "stripe-apps": basic("https://api.stripe.com/v1/oauth/token", { authorization: "bearer" }),
  tiktok: (token) => ({
    ...post("https://open.tiktokapis.com/v2/oauth/token/")(token),
    parameters: { ...grant(token), client_key: clientId, client_secret: clientSecret },
  }),
  twitch: post("https://id.twitch.tv/oauth2/token"),
  typeform: post("https://api.typeform.com/oauth/token"),
  withings: post("https://wbsapi.withings.net/v2/oauth2", { action: "requesttoken" }),
  wrike: post("https://login.wrike.com/oauth2/token"),
  x: basic("https://api.x.com/2/oauth2/token"),
  xero: basic("https://identity.xero.com/connect/token"),
  youtube: google,
  zendesk: json("https://acme.zendesk.com/oauth/tokens"),
  zoho: post("https://accounts.zoho.eu/oauth/v2/token"),
  zoom: basic("https://zoom.us/oauth/token"),
};

/** A request taken apart as a provider would, for comparison with {@link documentedRefreshes}. */
export function readRequest(request: {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string | null;
}): DocumentedRefresh & { readonly credentials: string | null } {
  const url = new URL(request.url);
  const [scheme, credentials] = String(request.headers.authorization ?? "none").split(" ");
  const type = String(request.headers["content-type"] ?? "");
  const encoding =
    request.body === null || request.body === "" ? "query" : type === "application/json" ? "json" : "form";
  const read = { query: url.search, json: request.body ?? "", form: request.body ?? "" }[encoding];
  return {
    method: request.method as "GET" | "POST",
    url: `${url.origin}${url.pathname}`,
    authorization: (scheme ?? "none").toLowerCase() as "basic" | "bearer" | "none",
    encoding,
    parameters: encoding === "json" ? JSON.parse(read) : Object.fromEntries(new URLSearchParams(read)),
    credentials: credentials ?? null,
  };
}

/** What the Authorization header must hold. */
export const credentials: Readonly<Record<DocumentedRefresh["authorization"], string | null>> = {
  basic: Buffer.from(`${clientId}:${clientSecret}`).toString("base64"),
  bearer: clientSecret,
  none: null,
};
