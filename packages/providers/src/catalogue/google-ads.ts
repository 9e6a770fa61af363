import { defineProvider } from "../provider.ts";
import { google, googleIdentityScopes, googleSamples } from "./shared/google.ts";

export default defineProvider({
  ...google,
  id: "google-ads",
  name: "Google Ads",
  docs: "https://developers.google.com/google-ads/api/docs/oauth/overview",
  scopes: [
    ...googleIdentityScopes,
    { scope: "https://www.googleapis.com/auth/adwords", why: "the only scope of this API" },
  ],
  samples: googleSamples,
});
