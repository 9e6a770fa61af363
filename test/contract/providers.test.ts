import { authorizeUrl, catalogue } from "@evertoken/providers";
import { describe, expect, it } from "vitest";
import { clientId, credentials, documentedRefreshes, readRequest } from "./documented-refreshes.ts";
import { exampleRefresh, providerCases } from "./provider-cases.ts";

const promised = [
  "hubspot google-business-profile youtube gmail google-calendar spotify discord meta instagram",
  "github-pat github-oauth-app github-app x linkedin reddit twitch slack microsoft salesforce zoom dropbox notion atlassian",
  "asana xero quickbooks stripe-connect shopify zoho mailchimp monday webflow tiktok gitlab calendly linear figma airtable",
  "typeform patreon snapchat auth0 strava fitbit pinterest bitbucket docusign okta box pipedrive",
];

it("the box holds what the documentation promises", () => {
  const ids = catalogue.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(promised.flatMap((line) => line.split(" "))));
  expect(ids.length).toBeGreaterThanOrEqual(58);
});

for (const provider of catalogue) providerCases(provider);

describe("refresh requests are as documented", () => {
  const refreshed = catalogue.filter(({ policy }) => policy.spends !== "nothing");

  it("for each provider that is refreshed", () => {
    expect(Object.keys(documentedRefreshes).sort()).toEqual(refreshed.map(({ id }) => id).sort());
  });

  it.each(refreshed.map((provider) => [provider.id, provider] as const))("%s", (id, provider) => {
    const documented = documentedRefreshes[id]?.("the-token-that-is-spent");
    if (documented === undefined) throw new Error(`nothing is documented for ${id}`);
    const spent = "the-token-that-is-spent";
    const request = exampleRefresh(provider, { accessToken: spent, refreshToken: spent });
    const { headers, ...expected } = documented;
    expect(readRequest(request)).toEqual({ ...expected, credentials: credentials[documented.authorization] });
    expect(request.headers).toMatchObject({ accept: "application/json", ...headers });
  });
});

describe("offline access is asked for", () => {
  it.each<[string, RegExp]>([
    ["gmail", /access_type=offline&prompt=consent/],
    ["youtube", /access_type=offline&prompt=consent/],
    ["google-calendar", /access_type=offline&prompt=consent/],
    ["google-business-profile", /access_type=offline&prompt=consent/],
    ["google-drive", /access_type=offline&prompt=consent/],
    ["google-ads", /access_type=offline&prompt=consent/],
    ["zoho", /access_type=offline&prompt=consent/],
    ["reddit", /duration=permanent/],
    ["dropbox", /token_access_type=offline/],
    ["x", /scope=[^&]*offline\.access/],
    ["microsoft", /scope=[^&]*offline_access/],
    ["atlassian", /scope=[^&]*offline_access/],
    ["xero", /scope=[^&]*offline_access/],
    ["auth0", /scope=[^&]*offline_access/],
    ["okta", /scope=[^&]*offline_access/],
    ["constant-contact", /scope=[^&]*offline_access/],
    ["salesforce", /scope=[^&]*refresh_token/],
    ["typeform", /scope=[^&]*offline/],
    ["docusign", /scope=[^&]*extended/],
  ])("by %s", (id, wanted) => {
    const provider = catalogue.find((candidate) => candidate.id === id);
    if (provider === undefined) throw new Error(`no ${id}`);
    const metadata = { domain: provider.placeholders.domain?.example ?? "" };
    expect(
      authorizeUrl(provider, { registration: { clientId }, redirectUri: "https://a.example", state: "s", metadata }),
    ).toMatch(wanted);
  });
});
