import { defineProvider } from "../provider.ts";
import { google, googleIdentityScopes, googleSamples } from "./shared/google.ts";

export default defineProvider({
  ...google,
  id: "google-business-profile",
  name: "Google Business Profile",
  docs: "https://developers.google.com/my-business/content/implement-oauth",
  scopes: [
    ...googleIdentityScopes,
    {
      scope: "https://www.googleapis.com/auth/business.manage",
      why: "the only scope of this API: locations, reviews, posts",
    },
  ],
  samples: googleSamples,
});
